import Models
import RealModule
import Testing

@Suite struct PeaksOverThresholdTests {
    /// Exponential with mean 1, whose quantiles are known.
    private func exponential(_ count: Int) -> [Double] {
        var random = SeededGenerator(seed: 11)
        return (0..<count).map { _ in -Double.log(1 - Double(random.uniform()) * 0.999_999) }
    }

    @Test("thresholds far beyond the sample are those of its distribution", arguments: [1e-3, 1e-4, 1e-5])
    func extrapolation(probability: Double) {
        let tail = PeaksOverThreshold(fitting: exponential(20_000))
        let exact = -Double.log(probability)
        #expect(abs(tail.score(exceededWith: probability) - exact) < 0.25 * exact)
    }

    @Test("surprise and threshold are inverse to each other in the tail", arguments: [2.5, 3, 4, 6])
    func inverse(decades: Double) {
        let tail = PeaksOverThreshold(fitting: exponential(5_000))
        #expect(abs(tail.surprise(of: tail.score(exceededWith: .exp10(-decades))) - decades) < 1e-6)
    }

    @Test("one wild score does not push thresholds out of reach")
    func outlier() {
        let tail = PeaksOverThreshold(fitting: exponential(2_000) + [1e9])
        #expect(PeaksOverThreshold.shapes.contains(tail.shape))
    }

    @Test(
        "odd samples give finite answers",
        arguments: [[], [0], [1, 1, 1, 1], Array(repeating: 0, count: 500) + [3]])
    func odd(scores: [Double]) {
        let tail = PeaksOverThreshold(fitting: scores)
        #expect(tail.score(exceededWith: 1e-6).isFinite)
        #expect((0...PeaksOverThreshold.limit).contains(tail.surprise(of: 1e12)))
        #expect(tail.surprise(of: -1) == 0)
    }

    @Test("what most scores are is no surprise, even if all are alike")
    func ties() {
        let tail = PeaksOverThreshold(
            fitting: Array(repeating: 0, count: 900) + Array(repeating: 1, count: 100))
        #expect(tail.surprise(of: 0) == 0)
    }
}
