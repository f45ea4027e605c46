import ArgumentParser
import Detection
import Features
import Foundation
import Models
import Traffic

/// The command `sluice model score`.
struct ModelScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Print what a site's model says of windows.",
        discussion: """
            The windows are a table as `sluice windows` prints it. For each, in their order: view, label, the model's score, and \
            -log10 of the probability that usual traffic scores as high.
            """)

    @Argument(help: "Model file.", completion: .file(extensions: ["safetensors"]))
    var file: String

    @Argument(help: "Table of windows.", completion: .file(extensions: ["csv"]))
    var table: String

    func run() async throws {
        try await finish {
            let model = try SiteModel(path: file)
            let output = LineWriter()
            try output.write("view,label,score,surprise")
            let rows = try SiteWindows.table(table).rows
            for (row, opinion) in zip(rows, model.judge(rows)) {
                try output.write(
                    "\(row.view.rawValue),\(row.isAttack ? "bad" : "good"),\(opinion.score),\(opinion.surprise)"
                )
            }
            try output.flush()
            return ""
        }
    }
}

extension SiteModel {
    init(path: String) throws {
        try self.init(file: ModelFile(Array(Data(contentsOf: URL(fileURLWithPath: path)))))
    }
}
