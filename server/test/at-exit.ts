let isListening = false;

/** Does that when this process ends, also when it is told to: a test that takes too long is. @returns what takes it back */
export function atExit(work: () => void): () => void {
  if (!isListening)
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => process.exit(1));
  isListening = true;
  process.once("exit", work);
  return () => process.removeListener("exit", work);
}
