import Datapath
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("Parser")
    struct ParserTests {
        @Test(
            "every frame shape, cut at every length, is counted as the rules say", arguments: [true, false])
        func truncation(isIPv4: Bool) throws {
            let plane = try TestPlane(DatapathOptions(slotsPerCPU: 65536))
            var expected = Tally()
            for shape in FrameShape.all where shape.isIPv4 == isIPv4 {
                let frame = shape.example.bytes
                // Test runs take no frame shorter than an Ethernet header.
                for length in 14...min(frame.count, 200) {
                    let cut = Array(frame[..<length])
                    expected.add(cut)
                    #expect(try plane.passes(cut), "\(shape), cut to \(length) bytes")
                }
            }
            #expect(Tally(plane.read()) == expected)
        }
    }
}
