/** Up to here arrays are grown to the exact size: V8 makes room for 17 elements at the first push. */
const EXACT_MAX = 32;

/** The array with `value` before `index`. The old array must not be used any more: it may or may not be the same. */
export function withInserted<T>(array: T[], index: number, value: T): T[] {
  const { length } = array;
  if (length < EXACT_MAX) {
    const grown = new Array<T>(length + 1);
    for (let i = 0; i < index; i++) grown[i] = array[i]!;
    grown[index] = value;
    for (let i = index; i < length; i++) grown[i + 1] = array[i]!;
    return grown;
  }
  if (index === length) array.push(value);
  else array.splice(index, 0, value);
  return array;
}

/** The same for numbers: from the same line of code as strings, V8 would box each of them. */
export function withNumberInserted(array: number[], index: number, value: number): number[] {
  const { length } = array;
  if (length < EXACT_MAX) {
    const grown = new Array<number>(length + 1);
    for (let i = 0; i < index; i++) grown[i] = array[i]!;
    grown[index] = value;
    for (let i = index; i < length; i++) grown[i + 1] = array[i]!;
    return grown;
  }
  if (index === length) array.push(value);
  else array.splice(index, 0, value);
  return array;
}

/** The array with two more elements at its end; the old one must not be used any more. */
export function withPair<T>(array: T[], first: T, second: T): T[] {
  const { length } = array;
  if (length < EXACT_MAX) {
    const grown = new Array<T>(length + 2);
    for (let i = 0; i < length; i++) grown[i] = array[i]!;
    grown[length] = first;
    grown[length + 1] = second;
    return grown;
  }
  array.push(first, second);
  return array;
}
