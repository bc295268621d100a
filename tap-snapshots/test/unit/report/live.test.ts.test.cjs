/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/unit/report/live.test.ts > TAP > a build becomes live > must match snapshot 1`] = `
remote:        [0/3] 0 s
remote:        [0/3] 1 s · fetched 12.4 of 182 MiB
remote:        [0/3] 2 s · 2 running · fetched 12.4 of 182 MiB
remote:        [0/3] 3 s · 2 running · shop-assets: optimised 41 of 120…
remote:        [1/3] 4 s · shop-frontend: vite build …
remote:        [2/3] 1 min 5 s · shop
remote:        [3/3] 1 min 6 s · fetched 182 MiB
remote:        shop-frontend 2.3 → 2.4

At its end:
remote: -----> acme/shop 3f2a91c → main (production)
remote: -----> Building 3 derivations (12 to fetch, 41 cached)
remote:        Warning: main has no virtualHosts
remote: -----> Built in 6.2 s · closure 182 MiB, +1.2 MiB since release 6
remote:        shop-frontend 2.3 → 2.4
remote: -----> Activating release 7
remote:        web restarted · worker unchanged
remote:        check GET / → 200 in 34 ms
remote: -----> Live at http://shop-main-4f7240c.localhost:8080
remote:        release 7, 8.4 s

`

exports[`test/unit/report/live.test.ts > TAP > a build fails > must match snapshot 1`] = `
remote:        [0/3] 1 s · shop-frontend: error TS2304
remote:        Whole log: ssh -p 2222 hostenv@host logs d41

At its end:
remote: -----> acme/shop 3f2a91c → main (production)
remote: -----> Building 3 derivations (12 to fetch, 41 cached)
remote: -----> Build failed: shop-frontend, exit 1
remote:          > src/cart.ts(4,2): error TS2304: Cannot find name 'foo'.
remote:        Whole log: ssh -p 2222 hostenv@host logs d41

`

exports[`test/unit/report/live.test.ts > TAP > a build that is cancelled > must match snapshot 1`] = `
remote:        [0/3] 0 s · shop-frontend
remote: -----> superseded by 3f2a91c

At its end:
remote: -----> acme/shop 3f2a91c → main (production)
remote: -----> Building 3 derivations (12 to fetch, 41 cached)
remote: -----> superseded by 3f2a91c

`

exports[`test/unit/report/live.test.ts > TAP > hostile and wide names and lines > must match snapshot 1`] = `
remote:        [0/3] 0 s · a-very-long-name-of-a-d…
remote:        [0/3] 0 s · a-very-long-name-of-a-d…: 100% yyyyyyyyyyyyy…
remote:        [0/3] 0 s · a-very-long-name-of-a-d…: 日本語のログはこの…
remote:        [0/3] 0 s · a-very-long-name-of-a-d…: 日本語のログはこの…

At its end:
remote: -----> Building 3 derivations
remote: -----> Built in 6.2 s · closure 182 MiB, +1.2 MiB since release 6
remote:        shop-frontend 2.3 → 2.4

`

exports[`test/unit/report/live.test.ts > TAP > in colour: a build becomes live > must match snapshot 1`] = `
␛[36m----->␛[0m acme/shop 3f2a91c → main (production)
␛[36m----->␛[0m Building 3 derivations (12 to fetch, 41 cached)
       Warning: main has no virtualHosts
␛[36m----->␛[0m Built in 6.2 s · closure 182 MiB, +1.2 MiB since release 6
       shop-frontend 2.3 → 2.4
␛[36m----->␛[0m Activating release 7
       web restarted · worker unchanged
       check GET / → 200 in 34 ms
␛[32m-----> Live at http://shop-main-4f7240c.localhost:8080␛[0m
       ␛[32mrelease 7, 8.4 s␛[0m

`

exports[`test/unit/report/live.test.ts > TAP > in colour: a build fails > must match snapshot 1`] = `
␛[36m----->␛[0m acme/shop 3f2a91c → main (production)
␛[36m----->␛[0m Building 3 derivations (12 to fetch, 41 cached)
␛[31m-----> Build failed: shop-frontend, exit 1␛[0m
         > src/cart.ts(4,2): error TS2304: Cannot find name 'foo'.
       Whole log: ssh -p 2222 hostenv@host logs d41

`

exports[`test/unit/report/live.test.ts > TAP > in colour: a build that is cancelled > must match snapshot 1`] = `
␛[36m----->␛[0m acme/shop 3f2a91c → main (production)
␛[36m----->␛[0m Building 3 derivations (12 to fetch, 41 cached)
␛[31m-----> superseded by 3f2a91c␛[0m

`

exports[`test/unit/report/live.test.ts > TAP > in colour: hostile and wide names and lines > must match snapshot 1`] = `
␛[36m----->␛[0m Building 3 derivations
␛[36m----->␛[0m Built in 6.2 s · closure 182 MiB, +1.2 MiB since release 6
       shop-frontend 2.3 → 2.4

`

exports[`test/unit/report/live.test.ts > TAP > in colour: what is only fetched, from a cache that does not say how much > must match snapshot 1`] = `
␛[36m----->␛[0m Fetching 2 paths
␛[36m----->␛[0m Built in 6.2 s · closure 182 MiB

`

exports[`test/unit/report/live.test.ts > TAP > in colour: what is there already > must match snapshot 1`] = `
␛[36m----->␛[0m Already built · closure 182 MiB, +1.2 MiB since release 6
       shop-frontend 2.3 → 2.4
␛[36m----->␛[0m Activating release 7
       web restarted · worker unchanged
       check GET / → 200 in 34 ms
␛[32m-----> Live at http://shop-main-4f7240c.localhost:8080␛[0m
       ␛[32mrelease 7, 8.4 s␛[0m

`

exports[`test/unit/report/live.test.ts > TAP > what is only fetched, from a cache that does not say how much > must match snapshot 1`] = `
remote:        [0/2] 0 s · fetched 900 KiB
remote:        [1/2] 0 s · fetched 900 KiB of 2 MiB
remote:        [2/2] 1 s · fetched 2 MiB

At its end:
remote: -----> Fetching 2 paths
remote: -----> Built in 6.2 s · closure 182 MiB

`

exports[`test/unit/report/live.test.ts > TAP > what is there already > must match snapshot 1`] = `

At its end:
remote: -----> Already built · closure 182 MiB, +1.2 MiB since release 6
remote:        shop-frontend 2.3 → 2.4
remote: -----> Activating release 7
remote:        web restarted · worker unchanged
remote:        check GET / → 200 in 34 ms
remote: -----> Live at http://shop-main-4f7240c.localhost:8080
remote:        release 7, 8.4 s

`

exports[`test/unit/report/live.test.ts > TAP > what Nix 2.8 says of a build that fetches, as it is seen > must match snapshot 1`] = `
remote:        [0/1] 0 s · fetched 0 B of 5.7 MiB
remote:        [0/1] 0 s · fetched 0 B of 8.6 MiB
remote:        [0/1] 1 s · fetched 0 B of 8.6 MiB
remote:        [0/1] 1 s · fetched 1.7 of 8.6 MiB
remote:        [0/1] 1 s · fetched 3.3 of 8.6 MiB
remote:        [0/1] 2 s · fetched 3.3 of 8.6 MiB
remote:        [0/1] 2 s · fetched 4.9 of 8.6 MiB
remote:        [0/1] 3 s · fetched 5.7 of 8.6 MiB
remote:        [0/1] 4 s · fetched 5.7 of 8.6 MiB
remote:        [0/1] 4 s · fetched 7.6 of 8.6 MiB
remote:        [0/1] 4 s · fetched 8.6 MiB
remote:        [0/1] 5 s · fetched 8.6 MiB
remote:        [0/1] 5 s · shop-frontend-2.4
remote:        [0/1] 6 s · shop-frontend-2.4: vite build
remote:        [1/1] 6 s · fetched 8.6 MiB
`
