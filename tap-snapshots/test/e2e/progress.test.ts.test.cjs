/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/e2e/progress.test.ts > TAP > a build is one line, redrawn in place, and gone at the end > must match snapshot 1`] = `
remote: -----> Evaluating COMMIT
remote: -----> acme/shop COMMIT → main (production)
remote: -----> Building SOME derivations (SOME cached)
remote: -----> Built in TIME · closure SIZE
remote: -----> Activating release 1
remote:        web started
remote:        check GET / → 200 in TIME
remote: -----> Live at http://shop-main-4f7240c.localhost:PORT
remote:        release 1, TIME
`

exports[`test/e2e/progress.test.ts > TAP > a failed build in colour > must match snapshot 1`] = `
remote: -----> Evaluating COMMIT
remote: -----> acme/shop COMMIT → main (production)
remote: -----> Building SOME derivations (SOME cached)
remote: -----> Build failed: shop-frontend-2.4, exit 1
remote:          > vite build two
remote:          > 100% transformed
remote:          > src/cart.ts(4,2): error
remote:        Whole log: ssh -p PORT hostenv@127.0.0.1 logs d2
`
