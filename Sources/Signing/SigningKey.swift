import Crypto

/// The pair of keys by which an agent signs the models it keeps: Ed25519 (RFC 8032).
package struct SigningKey: Sendable {
    /// The private key: 64 hexadecimal digits.
    let text: String
    /// The public key: 64 hexadecimal digits, lower case.
    package let publicKey: String

    /// A new pair.
    package init() { self.init(Curve25519.Signing.PrivateKey()) }

    /// Reads a private key; `nil` if the text is anything else.
    init?(text: String) {
        guard let bytes = [UInt8](hexadecimal: text),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else { return nil }
        self.init(key)
    }

    private init(_ key: Curve25519.Signing.PrivateKey) {
        text = key.rawRepresentation.hexadecimal
        publicKey = key.publicKey.rawRepresentation.hexadecimal
    }

    /// The signature of bytes: 128 hexadecimal digits.
    func signature(of bytes: [UInt8]) throws -> String {
        // The library's key is made anew each time, as it is not Sendable.
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](hexadecimal: text) ?? [])
        return try key.signature(for: bytes).hexadecimal
    }

    /// Whether `signature` is that of `bytes` by the owner of a public key; all but the bytes as hexadecimal digits.
    static func isValid(_ signature: String, of bytes: [UInt8], by publicKey: String) -> Bool {
        guard let signature = [UInt8](hexadecimal: signature),
            let raw = [UInt8](hexadecimal: publicKey),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw)
        else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}
