import Models
import RealModule
import Testing

/// What holds for every kind of model.
@Suite struct KindTests {
    static let width = 12

    /// Rows around three centers, in four dimensions that the twelve features follow; and rows that break the ties.
    private static func rows(_ count: Int, seed: UInt64, odd: Bool = false) -> [Int8] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).flatMap { _ in
            let center = Float(random.next() % 3) * 25 - 25
            let hidden = (0..<4).map { _ in center + random.normal() * 8 }
            return (0..<width).map { feature in
                let value = odd ? random.normal() * 30 : hidden[feature % 4] + random.normal() * 3
                return Int8(max(-127, min(127, value.rounded())))
            }
        }
    }

    private static func trained(_ kind: ModelKind, seed: UInt64 = 1, components: PrincipalAxes.Limit? = nil)
        -> TrainedModel
    {
        var training = TrainingRows(rows(300, seed: 1), width: width)
        if kind.needsLabels { training = training.with(attacks: rows(100, seed: 2, odd: true)) }
        return TrainedModel(kind, training: training, components: components, seed: seed, steps: 250)
    }

    private static func bytes(_ model: TrainedModel) -> [UInt8] {
        var file = ModelFile()
        model.put(into: &file, prefix: "")
        return file.bytes
    }

    @Test(
        "odd rows score higher than usual ones, and the same rows and seed give the same model",
        arguments: ModelKind.allCases, [nil, PrincipalAxes.Limit.count(6)])
    func separation(kind: ModelKind, components: PrincipalAxes.Limit?) {
        let model = Self.trained(kind, components: components)
        let scores = model.scores(of: Self.rows(200, seed: 3) + Self.rows(200, seed: 4, odd: true))
        let labels = (0..<400).map { $0 >= 200 }
        #expect(scores.allSatisfy { $0 >= 0 })
        // Components of components leave next to no residual; all others see the difference.
        #expect(Importance.area(scores, labels) > (kind == .pca && components != nil ? 0.5 : 0.95))
        #expect(Self.bytes(Self.trained(kind, components: components)) == Self.bytes(model))
    }

    @Test(
        "another seed gives another model",
        arguments: ModelKind.allCases.filter { $0 != .pca && $0 != .trees })
    func seeds(kind: ModelKind) {
        #expect(Self.bytes(Self.trained(kind, seed: 2)) != Self.bytes(Self.trained(kind)))
    }

    @Test(
        "what is written is read again, and scores alike", arguments: ModelKind.allCases,
        [nil, PrincipalAxes.Limit.share(0.9)])
    func files(kind: ModelKind, components: PrincipalAxes.Limit?) throws {
        let model = Self.trained(kind, components: components)
        let again = try TrainedModel(
            ModelFile(Self.bytes(model)), prefix: "", kind: kind, width: Self.width)
        let rows = Self.rows(50, seed: 5, odd: true)
        #expect(again.scores(of: rows) == model.scores(of: rows))
        #expect(again.width == Self.width)
    }

    @Test("damaged files are refused or read, and never crash", arguments: ModelKind.allCases)
    func damaged(kind: ModelKind) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let bytes = Self.bytes(Self.trained(kind, components: .count(5)))
        let rows = Self.rows(5, seed: 6, odd: true)
        for _ in 0..<100 {
            var damaged = bytes
            for _ in 0...Int(random.next() % 8) {
                damaged[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let file = try? ModelFile(damaged),
                let model = try? TrainedModel(file, prefix: "", kind: kind, width: Self.width)
            else { continue }
            _ = model.scores(of: rows)
        }
    }

    @Test(
        "a feature out of line is what a row is blamed for",
        arguments: ModelKind.allCases.filter { !$0.needsLabels })
    func contributions(kind: ModelKind) {
        var row = Array(Self.rows(1, seed: 7))
        row[5] = 120
        let contributions = Self.trained(kind).contributions(of: row[...])
        #expect(contributions.count == Self.width)
        #expect(contributions.allSatisfy { $0 >= 0 })
        #expect(contributions.enumerated().max { $0.element < $1.element }?.offset == 5)
    }
}
