const waiting: (() => void)[] = [];

/**
 * Waits for a turn of the event loop: of all long works that wait one goes on in each, so that together they
 * hold everybody else up no longer than one of them does.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(goOn);
  });
}

function goOn(): void {
  waiting[0]?.();
  waiting.shift();
  if (waiting.length > 0) setImmediate(goOn);
}
