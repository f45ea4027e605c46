import Crypto

/// The Secure Hash Algorithm with 256 bits (FIPS 180-4), for the chain of the audit trail and the configuration.
package enum Digest {
    /// The digest of a message: 32 bytes.
    package static func sha256(of message: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: message)) }
}
