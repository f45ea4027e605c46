import TestSupport
import Testing
import Traffic

@Suite("Sketch of what found no place")
struct AsideSketchTests {
    @Test("an estimate is never too low, and mostly close", arguments: [64, 4096])
    func estimates(width: Int) {
        var random = SeededGenerator()
        let seed = random.next()
        let addresses = (0..<500).map { index in
            index % 2 == 0
                ? Address(ipv4: UInt32(truncatingIfNeeded: random.next()))
                : Address(ipv6High: random.next(), low: random.next())
        }
        var cells = [UInt32](repeating: 0, count: AsideSketch.rows * width)
        var truth: [Address: UInt64] = [:]
        for address in addresses {
            let packets = UInt32.random(in: 1...1000, using: &random)
            truth[address, default: 0] += UInt64(packets)
            for row in 0..<AsideSketch.rows {
                let column = (AsideSketch.hash(address, seed: seed) >> UInt64(16 * row)) % UInt64(width)
                cells[row * width + Int(column)] += packets
            }
        }
        let sketch = AsideSketch(cells: cells, width: width, seed: seed)
        let total = truth.values.reduce(0, +)
        // The paper's bound: too high by more than e / width of all with probability e^-4.
        let allowed = total * 2719 / 1000 / UInt64(width)
        var tooHigh = 0
        for (address, packets) in truth {
            let estimate = sketch.packets(to: address)
            #expect(estimate >= packets, "\(random)")
            if estimate > packets + allowed { tooHigh += 1 }
        }
        #expect(tooHigh <= truth.count / 10, "\(random)")
    }
}
