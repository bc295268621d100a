// The algorithms that the embedded SSH server offers: nothing that ssh-audit(1) reports as failed.
import type { ServerConfig } from 'ssh2'

/**
 * No compression, no NIST curves in the key exchange, no SHA-1. No ChaCha20-Poly1305 either: OpenSSH's client would choose it, and
 * without ssh2's native part (../ssh2.ts) it is slower than AES-GCM, which OpenSSH has since 6.2 (docs/decisions/0056).
 */
export const algorithms: NonNullable<ServerConfig['algorithms']> = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  serverHostKey: ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'],
  cipher: ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
  compress: ['none'],
}
