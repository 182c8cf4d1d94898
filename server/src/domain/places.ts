/**
 * What comes and goes with every request, in an array whose places are used again. A Map or Set makes a new table every few
 * dozen changes, and the old one, once it is old to the garbage collector, keeps alive whatever it held until the whole
 * heap is collected.
 */
export class Places<Item> implements Iterable<Item> {
  readonly #items: (Item | null)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** @returns what takes it out again; harmless when called again */
  add(item: Item): () => void {
    const place = this.#free.pop() ?? this.#items.length;
    this.#items[place] = item;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#items[place] = null;
      this.#free.push(place);
    };
  }

  /** In no order. Items may come and go meanwhile; those that have gone are left out. */
  *[Symbol.iterator](): Generator<Item, void> {
    for (const item of this.#items) if (item !== null) yield item;
  }
}

/** The same by name. The table has numbers alone. */
export class NamedPlaces<Item> {
  readonly #places = new Map<string, number>();
  readonly #items: (Item | null)[] = [];
  readonly #free: number[] = [];

  get(name: string): Item | undefined {
    const place = this.#places.get(name);
    return place === undefined ? undefined : (this.#items[place] ?? undefined);
  }

  set(name: string, item: Item): void {
    const known = this.#places.get(name);
    const place = known ?? this.#free.pop() ?? this.#items.length;
    this.#items[place] = item;
    if (known === undefined) this.#places.set(name, place);
  }

  delete(name: string): boolean {
    const place = this.#places.get(name);
    if (place === undefined) return false;
    this.#places.delete(name);
    this.#items[place] = null;
    this.#free.push(place);
    return true;
  }

  /** In no order. */
  values(): Item[] {
    return this.#items.flatMap((item) => (item === null ? [] : [item]));
  }
}
