import Models
import Testing

@Suite struct TailTableTests {
    private func rows(_ count: Int) -> [Int8] {
        var random = SeededGenerator(seed: 5)
        return (0..<count * 4).map { _ in Int8(max(-127, min(127, (random.normal() * 16).rounded()))) }
    }

    private func table() throws -> TailTable {
        try #require(TailTable(fitting: rows(5_000), width: 4, groups: [[0, 1], [2, 3]]))
    }

    @Test("what benign rows do is not surprising, and farther is never less so")
    func monotone() throws {
        let table = try table()
        var last: Int32 = 0
        for place in -127...127 {
            let result = table.score([Int8(place), 0, 0, 0])
            #expect(result.score >= last)
            last = max(last, result.score)
        }
        #expect(table.score([0, 0, 0, 0]).score < TailTable.unitsPerDecade)
        #expect(last > 4 * Int32(TailTable.unitsPerDecade))
    }

    @Test("the group with the evidence wins")
    func group() throws {
        #expect(try table().score([0, 0, 0, 120]).group == 1)
        #expect(try table().score([120, 0, 0, 0]).group == 0)
    }

    @Test("a score of n decades is reached by about one benign row in 10^n")
    func calibration() throws {
        let table = try table()
        let benign = rows(5_000)
        let scores = stride(from: 0, to: benign.count, by: 4).map { table.score(benign[$0..<$0 + 4]).score }
        let beyond = scores.filter { $0 >= 2 * Int32(TailTable.unitsPerDecade) }.count
        // Two groups, so twice one in a hundred.
        #expect((30...250).contains(beyond), "\(beyond) of 5,000")
    }
}
