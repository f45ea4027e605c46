import Signing
import Testing

@Suite struct DigestTests {
    @Test("a digest is SHA-256, which audit trails of every version rest on")
    func digest() {
        #expect(
            Digest.sha256(of: Array("abc".utf8)).hexadecimal
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
