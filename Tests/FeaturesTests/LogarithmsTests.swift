import RealModule
import TestSupport
import Testing

@testable import Features

/// The logarithms of a window's counts.
@Suite struct LogarithmsTests {
    private func logarithm(_ count: Float) -> Float {
        var logarithms = Logarithms()
        logarithms[.novel600] = count
        logarithms.take()
        return logarithms[.novel600]
    }

    @Test("ln(1 + count) is as near as the count can be told from its neighbours, from nothing to 2^64")
    func accuracy() {
        var counts: [Float] = [0.25, 0.5, 1, 2, 3, 0x1p24, 0x1p64]
        var random = SeededGenerator()
        for _ in 0..<100_000 {
            // Exponents from 2^-20 to 2^63, any mantissa.
            let mantissa = Float(random.next() >> 40) * 0x1p-24 + 1
            counts.append(
                mantissa * Float(sign: .plus, exponent: Int(random.next() % 84) - 20, significand: 1))
        }
        for count in counts {
            let exact = Double.log(onePlus: Double(count))
            let error = abs(Double(logarithm(count)) - exact)
            #expect(error <= 0x1p-22 * max(1, exact), "\(count)")
        }
    }

    @Test("nothing, and less than nothing, has the logarithm 0; more has a larger one")
    func order() {
        #expect(logarithm(0) == 0 && logarithm(-0.5) == 0 && logarithm(-3_000) == 0)
        var last: Float = 0
        for count in 1...100_000 {
            let next = logarithm(Float(count))
            #expect(next > last)
            last = next
        }
    }

    @Test("each count has a place of its own")
    func places() {
        var logarithms = Logarithms()
        logarithms[.packets] = 1
        logarithms[.novel600] = 7
        logarithms.take()
        #expect(
            abs(logarithms[.packets] - 0.693_147_2) < 1e-6 && abs(logarithms[.novel600] - 2.079_441_5) < 1e-6)
        #expect(logarithms[.novel60] == 0 && logarithms[.bytes] == 0)
    }
}
