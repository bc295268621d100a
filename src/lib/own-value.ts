// What a record has under a name that somebody else chose: a branch, a person. `record[name]` also finds what every object has, and a
// branch may be called `constructor`.

/** The record's own value under a name; undefined where it has none, or where there is no record. */
export function ownValue<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined
}
