import Models
import Signing
import Testing

@Suite struct SignatureTests {
    private let key = SigningKey()

    private var file: ModelFile {
        var file = ModelFile()
        file.metadata = ["kind": "sluice site", "name": "site-1"]
        file.set("a", [1, 2, 3] as [Int32], as: .int32)
        file.set("b", [0.5, -1] as [Float])
        return file
    }

    @Test("a signed file is accepted after it was written and read, with all that was in it")
    func roundTrip() throws {
        let signed = try ModelFile(try file.signed(by: key).bytes)
        #expect(try signed.verify(trusting: [SigningKey().publicKey, key.publicKey]) == key.publicKey)
        #expect(signed.signer == key.publicKey)
        #expect(signed.tensors == file.tensors)
        #expect(signed.metadata.filter { file.metadata.keys.contains($0.key) } == file.metadata)
    }

    @Test("signing again takes the place of the earlier signature")
    func again() throws {
        let other = SigningKey()
        let file = try file.signed(by: other).signed(by: key)
        #expect(try file.verify(trusting: [key.publicKey]) == key.publicKey)
        #expect(throws: SignatureError.untrusted(signer: key.publicKey)) {
            try file.verify(trusting: [other.publicKey])
        }
    }

    /// What somebody does to a signed file.
    enum Tampering: String, CaseIterable {
        case tensor, shape, newTensor, lostTensor, metadata, newMetadata, lostMetadata, signature, noDigits,
            shortSignature, signer

        func apply(to file: inout ModelFile) {
            switch self {
            case .tensor: file.set("a", [1, 2, 4] as [Int32], as: .int32)
            case .shape: file.set("a", [1, 2, 3] as [Int32], as: .int32, shape: [3, 1])
            case .newTensor: file.set("c", [0] as [Float])
            case .lostTensor: file.tensors["b"] = nil
            case .metadata: file.metadata["name"] = "site-2"
            case .newMetadata: file.metadata["more"] = ""
            case .lostMetadata: file.metadata["kind"] = nil
            case .signature: file.metadata["signature"] = String(repeating: "0", count: 128)
            case .noDigits: file.metadata["signature"] = "none"
            case .shortSignature: file.metadata["signature"]?.removeLast(2)
            case .signer: file.metadata["signer"] = SigningKey().publicKey
            }
        }
    }

    @Test("a file that was changed after it was signed is refused", arguments: Tampering.allCases)
    func tampered(_ tampering: Tampering) throws {
        var file = try file.signed(by: key)
        tampering.apply(to: &file)
        let signer = try #require(file.signer)
        #expect(throws: SignatureError.broken(signer: signer)) {
            try file.verify(trusting: [key.publicKey, signer])
        }
    }

    @Test("every single bit of the tensors is covered")
    func everyBit() throws {
        let bytes = try file.signed(by: key).bytes
        let length = file.tensors.values.reduce(0) { $0 + $1.bytes.count }
        for place in bytes.count - length..<bytes.count {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << bit
                #expect(throws: SignatureError.broken(signer: key.publicKey)) {
                    try ModelFile(changed).verify(trusting: [key.publicKey])
                }
            }
        }
    }

    @Test("a file without a signature, or without its signer, is refused")
    func unsigned() throws {
        #expect(throws: SignatureError.unsigned) { try file.verify(trusting: [key.publicKey]) }
        for name in ["signer", "signature"] {
            var half = try file.signed(by: key)
            half.metadata[name] = nil
            #expect(throws: SignatureError.unsigned) { try half.verify(trusting: [key.publicKey]) }
        }
    }

    @Test("a foreign key is refused by name, with where to put it if it is to be trusted")
    func foreign() throws {
        let foreign = try file.signed(by: SigningKey())
        let signer = try #require(foreign.signer)
        #expect(throws: SignatureError.untrusted(signer: signer)) {
            try foreign.verify(trusting: [key.publicKey])
        }
        let text = "\(SignatureError.untrusted(signer: signer))"
        #expect(text.contains(signer) && text.contains("models.trusted_keys"))
    }
}
