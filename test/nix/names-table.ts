// What names follow from organisation, project and key: the receiver's and the library's own tests read this one table.

/** [organisation, project, key, normalised organisation, normalised project, userName without its hash, safe name]. */
export const table: readonly (readonly [string, string, string, string, string, string, string])[] = [
  ['acme', 'shop', 'main', 'acme', 'shop', 'shop-main', 'main'],
  ['acme', 'shop', 'feature/foo', 'acme', 'shop', 'shop-foo', 'feature-foo'],
  [
    ...(['acme', 'shop', 'feature/main/add-exciting-feature', 'acme', 'shop', 'shop-add'] as const),
    'feature-main-add-exciting-feature',
  ],
  ['Acme-Inc', 'my-cool-project', 'user-testing', 'acmeinc', 'mycoolproject', 'mycoolproje-user', 'user-testing'],
  ['ACME', 'Shop.git', 'UPPER/Case', 'acme', 'shopgit', 'shopgit-case', 'upper-case'],
  ['a', 'b', 'exactly-11c', 'a', 'b', 'b-exactly-11c', 'exactly-11c'],
  ['a', 'b', 'exactly-12cc', 'a', 'b', 'b-exactly', 'exactly-12cc'],
  ['a', 'b', 'abcdefghijk', 'a', 'b', 'b-abcdefghijk', 'abcdefghijk'],
  ['a', 'b', 'abcdefghijkl', 'a', 'b', 'b-abcdefghijk', 'abcdefghijkl'],
  ['a', 'b', 'a-b-c-d-e-f-g', 'a', 'b', 'b-a-b-c-d-e-f', 'a-b-c-d-e-f-g'],
  ['a', 'b', '--x__y..z//', 'a', 'b', 'b-x', 'x-y-z'],
  ['a', 'b', '../../etc/passwd', 'a', 'b', 'b-passwd', 'etc-passwd'],
  ['a', 'b', '$(id);`id` "\'', 'a', 'b', 'b-id-id', 'id-id'],
  ['a', 'b', 'größe', 'a', 'b', 'b-gr-e', 'gr-e'],
  ['a', 'b', 'K\u212a\u0130', 'a', 'b', 'b-k', 'k'],
  ['a', 'b', '日本', 'a', 'b', 'b-x', 'x'],
  ['Ünïcode', 'b\u0001\n', 'k', 'ncode', 'b', 'b-k', 'k'],
]
