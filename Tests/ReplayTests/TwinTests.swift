import CSluiceTwin
import TestSupport
import Testing
import Traffic

@Suite("The data plane, compiled for this machine")
struct TwinTests {
    /// Kind that the plain model expects, by the data plane's number.
    private static func kind(_ expected: Expected) -> UInt32 {
        switch expected {
        case .flow: FRAME_FLOW.rawValue
        case .other: FRAME_OTHER.rawValue
        case .malformed(.short): FRAME_SHORT.rawValue
        case .malformed(.version): FRAME_VERSION.rawValue
        case .malformed(.headerLength): FRAME_HEADER_LENGTH.rawValue
        case .malformed(.extension): FRAME_EXTENSION.rawValue
        }
    }

    private static func count(_ frame: [UInt8]) throws -> UInt32 {
        var twin = unsafe sluice_twin()
        try #require(unsafe sluice_twin_open(&twin, 1, [UInt32](repeating: 3, count: 10)) == 0)
        defer { unsafe sluice_twin_close(&twin) }
        return unsafe UInt32(
            bitPattern: sluice_twin_count(&twin, frame, UInt32(frame.count), UInt32(frame.count), 0))
    }

    @Test(
        "every frame shape, cut at every length, is taken for what the rules say", arguments: FrameShape.all)
    func truncation(shape: FrameShape) throws {
        let frame = shape.example.bytes
        for length in 0...min(frame.count, 220) {
            let cut = Array(frame[..<length])
            #expect(try Self.count(cut) == Self.kind(Expected(cut)), "cut to \(length) bytes")
        }
    }

    @Test(
        "a chain of IPv6 extension headers is stepped over up to eight of them, and is a flow beyond",
        arguments: [
            Frame.Extension.hopByHop, .routing, .destination, .authentication(words: 2),
            .fragment(offset: 0, more: true),
        ],
        1...10)
    func chains(header: Frame.Extension, count: Int) throws {
        let frame = Frame(from: FrameShape.source(isIPv4: false), to: FrameShape.destination(isIPv4: false))
            .with {
                $0.extensions = Array(repeating: header, count: count)
            }
        #expect(try Self.count(frame.bytes) == FRAME_FLOW.rawValue)
        #expect(Self.kind(Expected(frame.bytes)) == (try Self.count(frame.bytes)))
    }

    @Test("a third VLAN tag is not stepped over", arguments: [0x8100, 0x88A8, 0x9100] as [UInt16])
    func threeTags(tag: UInt16) throws {
        for shape in FrameShape.all {
            let frame = shape.example.with { $0.tags = [tag, 0x8100, 0x8100] }.bytes
            #expect(try Self.count(frame) == FRAME_OTHER.rawValue)
        }
    }

    @Test("frames with random bytes changed are taken for what the rules say")
    func mutated() throws {
        var random = SeededGenerator()
        for _ in 0..<20_000 {
            let shape = FrameShape.all[Int.random(in: FrameShape.all.indices, using: &random)]
            var frame = Array(shape.example.bytes.prefix(200))
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                frame[Int.random(in: 12..<min(frame.count, 80), using: &random)] = .random(
                    in: .min ... .max, using: &random)
            }
            frame.removeLast(Int.random(in: 0...10, using: &random))
            #expect(try Self.count(frame) == Self.kind(Expected(frame)), "\(random): \(frame)")
        }
    }

    @Test("the sketch's hash is the same in C and in Swift")
    func sketchHash() {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let address =
                Bool.random(using: &random)
                ? Address(ipv4: UInt32(truncatingIfNeeded: random.next()))
                : Address(ipv6High: random.next(), low: random.next())
            let seed = random.next()
            let words = [address.high >> 32, address.high, address.low >> 32, address.low].map {
                UInt32(truncatingIfNeeded: $0).bigEndian
            }
            let hash = unsafe sluice_twin_sketch_hash(words, address.isIPv4 ? 4 : 6, seed)
            #expect(hash == AsideSketch.hash(address, seed: seed), "\(random)")
        }
    }
}
