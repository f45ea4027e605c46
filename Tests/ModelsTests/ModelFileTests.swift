import Models
import Testing

@Suite struct ModelFileTests {
    private func sample() -> ModelFile {
        var file = ModelFile()
        file.metadata = ["kind": "a \"quoted\" kind \\ with\nnewline", "schema": "68"]
        file.set("weights", [1, -2, 127] as [Int8], as: .int8)
        file.set("scales", [1.5, -0.25] as [Float])
        file.set("tail", [1e-300, 3] as [Double])
        return file
    }

    @Test("what is written is read again")
    func roundTrip() throws {
        let file = try ModelFile(sample().bytes)
        #expect(file == sample())
        #expect(try file.integers("weights", as: .int8) as [Int8] == [1, -2, 127])
        #expect(try file.floats("scales") == [1.5, -0.25])
        #expect(try file.doubles("tail") == [1e-300, 3])
    }

    @Test("every truncation is refused")
    func truncated() {
        let bytes = sample().bytes
        for length in 0..<bytes.count {
            #expect(throws: ModelFileError.self) { try ModelFile(Array(bytes[..<length])) }
        }
    }

    @Test("damaged files are refused or read, and never crash")
    func damaged() {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let bytes = sample().bytes
        for _ in 0..<3_000 {
            var damaged = bytes
            for _ in 0...Int(random.next() % 4) {
                damaged[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let file = try? ModelFile(damaged) else { continue }
            _ = try? file.floats("scales")
            _ = try? file.scaler("", width: 2)
            for kind in ModelKind.allCases { _ = try? TrainedModel(file, prefix: "", kind: kind, width: 2) }
            _ = try? file.tailTable("", width: 2, groups: 1)
            _ = try? file.peaksOverThreshold("")
        }
    }

    @Test(
        "foreign files are named for what they are",
        arguments: [
            ("PK\u{3}\u{4}zip file, not a model", "header of"),
            ("\u{2}\0\0\0\0\0\0\0[]", "not JSON"),
            ("\u{8}\0\0\0\0\0\0\0{\"a\":1} ", "no object"),
        ])
    func foreign(text: String, message: String) {
        #expect { try ModelFile(Array(text.utf8)) } throws: { "\($0)".contains(message) }
    }

    @Test("tensors that lie about their size are refused")
    func lies() throws {
        let header = #"{"t":{"dtype":"I32","shape":[9223372036854775807,4],"data_offsets":[0,4]}}"#
        let bytes = [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [1, 2, 3, 4]
        #expect(throws: ModelFileError.malformed("tensor 't' has a bad shape")) { try ModelFile(bytes) }
    }
}
