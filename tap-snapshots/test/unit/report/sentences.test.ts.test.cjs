/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/unit/report/sentences.test.ts > TAP > a build that fails > must match snapshot 1`] = `
-----> Build failed: shop-frontend, exit 1
         > src/cart.ts(4,2): error TS2304: Cannot find name 'foo'.
       Whole log: ssh -p 2222 hostenv@host logs d41

`

exports[`test/unit/report/sentences.test.ts > TAP > a preview, which expires > must match snapshot 1`] = `
-----> acme/shop 3f2a91c → feature/foo (preview of main, expires in 14
       days)

`

exports[`test/unit/report/sentences.test.ts > TAP > a push that becomes live > must match snapshot 1`] = `
-----> Evaluating 3f2a91c
-----> acme/shop 3f2a91c → main (production)
-----> Building 3 derivations (12 to fetch, 41 cached)
       [1/3] shop-frontend: started
       [1/3] shop-frontend: vite build …
       [1/3] shop-frontend: done in 2.1 s
-----> Built in 6.2 s · closure 182 MiB, +1.2 MiB since release 6
       shop-frontend 2.3 → 2.4
-----> Activating release 7
       web restarted · worker unchanged
       check GET / → 200 in 34 ms
-----> Live at http://shop-foo-da6cc42.localhost:8080
       release 7, 8.4 s

`

exports[`test/unit/report/sentences.test.ts > TAP > a ref that goes to another key > must match snapshot 1`] = `
-----> acme/shop 3f2a91c → production (production, from stable)

`

exports[`test/unit/report/sentences.test.ts > TAP > a refusal with detail and help > must match snapshot 1`] = `
-----> Evaluation failed
       error: undefined variable 'foo'
         at .hostenv/hostenv.nix:3:12:
           3|   command = foo;
       Declared: main, staging
       See all of it:
       git push -o trace hostenv feature/a-rather-long-branch-name-of-mine

`

exports[`test/unit/report/sentences.test.ts > TAP > a wrong hash > must match snapshot 1`] = `
-----> Build failed: src.tar.gz, hash mismatch
       got: sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=

`

exports[`test/unit/report/sentences.test.ts > TAP > long and hostile text > must match snapshot 1`] = `
       [1/3] shop-frontend: word word word word word word word word
             word word word word word word word word word word word
             word word word word word word word word word word word …
       [1/3] shop-frontend:
             xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
             xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx …
       [1/3] shop-frontend: 100%
       日本語のログはこの端末では一文字あたり二桁を占めるので早めに折り
       返さなければならない
-----> Live at
       http://long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-name.example.org
       release 1, 900 ms

`

exports[`test/unit/report/sentences.test.ts > TAP > plans and sizes of other kinds > must match snapshot 1`] = `
-----> Building 1 derivation
-----> Fetching 1 path (2 cached)
-----> Built in 2 min 5 s
-----> Built in 1 min 1 s · closure 3 GiB, -2 KiB since release 1
       a 1 → 2 · b 1 → 2 · c 1.0 added · and 2 other changes

`

exports[`test/unit/report/sentences.test.ts > TAP > what is live after a failure > must match snapshot 1`] = `
-----> Release 6 is live again; what activate did to data is not undone
-----> Nothing was live before; services stopped
-----> Nothing is live

`

exports[`test/unit/report/sentences.test.ts > TAP > what was built before > must match snapshot 1`] = `
-----> Already built · closure 512 B, as release 6

`

exports[`test/unit/report/sentences.test.ts > TAP > words beside the way > must match snapshot 1`] = `
       users, ttl: takes effect when main is deployed
       Warning: the option environments.main.foo is old; say
       environments.main.bar instead, please
-----> Waiting for an earlier push
-----> Stopped staging; its data and its releases are kept
-----> Stopped feature/foo; its data is kept until 2026-12-01 10:00Z
-----> Paused feature/foo; its data is kept until 2026-12-01 10:00Z
-----> Paused main; its data and its releases are kept
-----> Removed feature/foo, with its data and its releases
-----> Built and kept, not activated: release 6 of main stays live (1.2
       s)
       To make it live: ssh HOST redeploy main --pushed
-----> Built and kept, not activated: nothing of main is live (1.2 s)
       To make it live: ssh HOST redeploy main --pushed

`
