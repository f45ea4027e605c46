import Foundation

/// Random choices, in the distributions that traffic has.
///
/// Sessions begin by a Poisson process; sizes and pauses have heavy tails: V. Paxson, S. Floyd, "Wide area traffic: the
/// failure of Poisson modeling", IEEE/ACM ToN 1995; P. Barford, M. Crovella, "Generating representative web workloads
/// for network and server performance evaluation", SIGMETRICS 1998.
struct Draw {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    mutating func real(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &generator) }

    mutating func chance(_ probability: Double) -> Bool { real(0...1) < probability }

    /// A Pareto distribution, cut at `most`: values are drawn by inversion of the bounded distribution.
    mutating func pareto(_ least: Double, _ shape: Double, most: Double) -> Double {
        let rest = 1 - pow(least / most, shape)
        return least * pow(1 - real(0...1) * rest, -1 / shape)
    }

    /// The pause until the next event of a Poisson process.
    mutating func exponential(mean: Double) -> Double { -mean * log(1 - real(0...0.999_999)) }

    /// A rank from 0 below `count`, the first ones most often: popularity of sites is close to Zipf's law.
    ///
    /// By the continuous approximation: the logarithm of the rank is uniform.
    mutating func popular(of count: Int) -> Int {
        min(count, Int(exp(real(0...1) * log(Double(count + 1))))) - 1
    }

    mutating func element<T>(of list: [T]) -> T { list[number(0...list.count - 1)] }

    /// A seed for a stream of its own.
    mutating func seed() -> UInt64 { generator.next() }
}
