/** The same, read as fast as it comes, so that a slow reader does not hold up what it is read from. */
export async function* readAhead<Value>(values: AsyncIterable<Value>): AsyncGenerator<Value> {
  const waiting: Value[] = [];
  let rouse = Promise.withResolvers<void>();
  let isOver = false;
  let failure: { readonly error: unknown } | null = null;
  const reading = async () => {
    try {
      for await (const value of values) {
        waiting.push(value);
        rouse.resolve();
      }
    } catch (error) {
      failure = { error };
    }
    isOver = true;
    rouse.resolve();
  };
  void reading();
  for (;;) {
    const value = waiting.shift();
    if (value !== undefined) yield value;
    else if (failure) throw (failure as { readonly error: unknown }).error;
    else if (isOver) return;
    else {
      await rouse.promise;
      rouse = Promise.withResolvers();
    }
  }
}
