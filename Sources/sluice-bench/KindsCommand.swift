import ArgumentParser
import Foundation
import Models
import Scoring

/// CPU time to score a row by each kind of model, in a batch.
struct KindsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kinds",
        abstract:
            "Trains each kind of model on the first half of a file of int8 rows, and scores the second.",
        discussion: "Prints a line a kind: its name and nanoseconds a row. See scripts/bench.d/kinds.py.")

    @Argument(help: "File of rows, one byte a feature.") var rows: String
    @Option(help: "Features in a row.") var width = 68
    @Option(help: "Rows at the end of the first half that are attacks, for kinds that learn from them.")
    var attacks = 500
    @Option(help: "The median of so many rounds counts.") var rounds = 5

    func run() throws {
        let values = [UInt8](try Data(contentsOf: URL(filePath: rows))).map { Int8(bitPattern: $0) }
        let count = values.count / width
        guard width > 0, attacks >= 1, rounds >= 1, count / 2 > attacks + 100 else {
            throw ValidationError("too little to measure")
        }
        let half = count / 2 * width
        let good = Array(values[..<(half - attacks * width)])
        let scored = Array(values[half..<count * width])
        let usual = TrainingRows(good, width: width)
        for kind in ModelKind.allCases {
            let rows = kind.needsLabels ? usual.with(attacks: Array(values[good.count..<half])) : usual
            let scorer = Scorer(TrainedModel(kind, training: rows, seed: 1, steps: 1_000))
            report(kind.rawValue, rows: scored.count / width) { scorer.scores(of: scored).count }
        }
        let groups = [Array(0..<width / 2), Array(width / 4..<width)]
        guard let table = TailTable(fitting: good, width: width, groups: groups) else { return }
        report("table", rows: scored.count / width) {
            stride(from: 0, to: scored.count, by: width).reduce(0) {
                $0 + Int(table.score(scored[$1..<$1 + width]).score)
            }
        }
    }

    private func report(_ name: String, rows: Int, _ work: () -> Int) {
        let times = (0..<rounds).map { _ in
            let start = ReadingCommand.cpuNanoseconds()
            let result = work()
            // What is never looked at may be left out by the compiler.
            precondition(result >= 0)
            return (ReadingCommand.cpuNanoseconds() - start) / Double(rows)
        }.sorted()
        print(name, times[times.count / 2])
    }
}
