package import Models

/// Signatures of model files.
///
/// What is signed is the whole content, header with the signer's key and tensors, as `ModelFile.bytes` has it without the
/// signature itself. So whatever is read from a file is covered, and the order in which a program wrote it does not matter.
extension ModelFile {
    private static let signerName = "signer"
    private static let signatureName = "signature"

    /// The public key that the file says it was signed by: 64 hexadecimal digits.
    package var signer: String? { metadata[Self.signerName] }

    /// The file with a signature, in place of an earlier one.
    package func signed(by key: SigningKey) throws -> ModelFile {
        var file = self
        file.metadata[Self.signatureName] = nil
        file.metadata[Self.signerName] = key.publicKey
        file.metadata[Self.signatureName] = try key.signature(of: file.bytes)
        return file
    }

    /// Checks the signature.
    ///
    /// - Parameter trusted: public keys, 64 hexadecimal digits in lower case each.
    /// - Returns: the key that signed it.
    /// - Throws: `SignatureError` if there is no signature, or it is wrong, or its key is not trusted.
    @discardableResult
    package func verify(trusting trusted: Set<String>) throws(SignatureError) -> String {
        guard let signer, let signature = metadata[Self.signatureName] else { throw .unsigned }
        var content = self
        content.metadata[Self.signatureName] = nil
        guard SigningKey.isValid(signature, of: content.bytes, by: signer) else {
            throw .broken(signer: signer)
        }
        guard trusted.contains(signer) else { throw .untrusted(signer: signer) }
        return signer
    }
}

/// Why a model file's signature is not accepted.
package enum SignatureError: Error, Hashable, Sendable, CustomStringConvertible {
    case unsigned
    /// The file says that this key signed it, but what is in it is something else.
    case broken(signer: String)
    /// Rightly signed, by a key that is not trusted.
    case untrusted(signer: String)

    package var description: String {
        switch self {
        case .unsigned:
            "the model file has no signature, as those from before models were signed: train a new model"
        case .broken(let signer):
            "the model file is not what \(signer) signed, it was changed or damaged: copy it again"
        case .untrusted(let signer):
            "the model file is signed by \(signer), which is not trusted here: "
                + "if that is an agent of yours, add the key to models.trusted_keys"
        }
    }
}
