let typed = "";
let isWaiting = false;

const onKey = (event: KeyboardEvent) => {
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
  typed += event.key;
  event.preventDefault();
};

/** Keeps what is typed from now on for a field that is about to be there. */
export function typeAhead(): void {
  if (isWaiting) return;
  isWaiting = true;
  typed = "";
  addEventListener("keydown", onKey, { capture: true });
}

/** The field is there, or will not come. @returns what was typed before it */
export function typedAhead(): string {
  isWaiting = false;
  removeEventListener("keydown", onKey, { capture: true });
  const ahead = typed;
  typed = "";
  return ahead;
}
