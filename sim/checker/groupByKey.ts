/** Things by the key they are about, in the order given; the keys in the order of their first appearance. */
export function groupByKey<T extends { readonly key: string }>(things: Iterable<T>): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) {
    const group = groups.get(thing.key);
    if (group === undefined) groups.set(thing.key, [thing]);
    else group.push(thing);
  }
  return groups;
}
