import TestSupport
import Testing
import Traffic

@Suite("Sets of prefixes")
struct PrefixSetTests {
    @Test("It says what asking each of them one by one says, of both families")
    func agrees() {
        var random = SeededGenerator(seed: 20_261_126)
        func prefix() -> Prefix {
            // Few bits, so that they often meet.
            let bits = UInt64.random(in: 0..<16, using: &random)
            return Bool.random(using: &random)
                ? Prefix(Address(ipv4: UInt32(bits) << 24), length: .random(in: 0...32, using: &random))
                : Prefix(Address(ipv6High: bits << 56, low: 0), length: .random(in: 0...128, using: &random))
        }
        for _ in 0..<2000 {
            let members = (0..<Int.random(in: 0...5, using: &random)).map { _ in prefix() }
            let (set, asked) = (PrefixSet(members), prefix())
            #expect(set.has(asked) == members.contains(asked))
            #expect(set.contains(asked) == members.contains { $0.contains(asked) }, "\(members) \(asked)")
            #expect(set.overlaps(asked) == members.contains { $0.overlaps(asked) }, "\(members) \(asked)")
        }
    }
}
