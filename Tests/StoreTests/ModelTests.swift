import Store
import Testing
import Traffic

/// Models and what they are trained on, as the store keeps them.
@Suite struct ModelTests {
    private let folder: TemporaryFolder
    private let now = Timestamp(seconds: 1_700_000_000)

    init() throws { folder = try TemporaryFolder() }

    private func model(_ name: String, _ role: SavedModel.Role, after seconds: Int) -> SavedModel {
        let time = now + .seconds(seconds)
        return SavedModel(
            id: name, trained: time, role: role, since: time, note: "a note", metadata: "{}", data: [1, 2, 3])
    }

    @Test("Each policy group has models and recordings of its own, and nobody takes another's place")
    func groups() throws {
        let store = try Store(path: folder.file("sluice.db"))
        for (number, group) in [nil, "guests", "servers"].enumerated() {
            var first = model("first \(group ?? "shared")", .champion, after: number)
            var next = model("next \(group ?? "shared")", .challenger, after: number + 10)
            (first.group, next.group) = (group, group)
            try store.save(first)
            try store.save(next)
            // At the same time, as they all learn from when the agent started on.
            try store.save(
                recording: [UInt8(number)], of: group, started: now, ended: now + .seconds(number + 1))
        }
        try store.assign(.champion, to: "next guests", note: "better", at: now + .seconds(20))
        try store.assign(.champion, to: "nobody", note: "better", at: now + .seconds(21))
        #expect(try store.model(.champion)?.id == "first shared")
        #expect(try store.model(.champion, of: "servers")?.id == "first servers")
        #expect(try store.model(.champion, of: "guests")?.id == "next guests")
        #expect(try store.model(.retired, of: "guests")?.id == "first guests")
        #expect(try store.model(.challenger, of: "guests") == nil)
        #expect(try store.model(.champion, of: "nobody") == nil)
        #expect(try store.recordings(after: now).map(\.data) == [[0]])
        #expect(try store.recordings(after: now, of: "guests").map(\.data) == [[1]])
        try store.pruneRecordings(before: now + .seconds(2))
        #expect(try store.recordings(after: now).isEmpty)
        #expect(try store.recordings(after: now, of: "servers").map(\.data) == [[2]])
    }

    private func roles(in store: Store) throws -> [String] {
        try store.models().map { "\($0.id) \($0.role.rawValue)" }
    }

    @Test("A model is given back as it was saved")
    func keeps() throws {
        let store = try Store(path: folder.file("sluice.db"))
        #expect(try store.model(.champion) == nil)
        try store.save(model("a", .champion, after: 0))
        #expect(try store.model(.champion) == model("a", .champion, after: 0))
    }

    @Test("One model at most is in use, and one on probation")
    func roles() throws {
        let store = try Store(path: folder.file("sluice.db"))
        try store.save(model("a", .champion, after: 0))
        try store.save(model("b", .challenger, after: 1))
        try store.save(model("c", .challenger, after: 2))
        #expect(try roles(in: store) == ["c challenger", "b rejected", "a champion"])
        try store.assign(.champion, to: "c", note: "better", at: now + .seconds(3))
        #expect(try roles(in: store) == ["c champion", "b rejected", "a retired"])
        #expect(try store.model(.retired)?.id == "a")
    }

    @Test("Of each policy group the latest models are kept, however many another one has")
    func prunes() throws {
        let store = try Store(path: folder.file("sluice.db"))
        for (number, name) in ["first", "second", "third", "fourth"].enumerated() {
            var guests = model("guests \(name)", .champion, after: number)
            guests.group = "guests"
            try store.save(guests)
        }
        for number in 0..<6 { try store.save(model("shared \(number)", .champion, after: 10 + number)) }
        var retention = Store.Retention()
        retention.models = 2
        try store.prune(to: retention)
        #expect(
            try roles(in: store) == [
                "shared 5 champion", "shared 4 retired", "guests fourth champion", "guests third retired",
            ])
        #expect(try store.model(.retired, of: "guests")?.id == "guests third")
    }

    @Test("Recordings are given back oldest first, and go when they are too old")
    func recordings() throws {
        let store = try Store(path: folder.file("sluice.db"))
        for hour in [2, 1, 3] {
            let start = now + .seconds(hour * 3600)
            try store.save(recording: [UInt8(hour)], started: start, ended: start + .seconds(3600))
        }
        // What was recorded goes on growing.
        try store.save(recording: [9], started: now + .seconds(3600), ended: now + .seconds(7200))
        #expect(try store.recordings(after: now).map(\.data) == [[9], [2], [3]])
        let reader = try Store(reading: folder.file("sluice.db"))
        #expect(try reader.recordings(after: now) == store.recordings(after: now))
        #expect(throws: StoreError.self) { try reader.pruneRecordings(before: now) }
        #expect(throws: StoreError.self) { try Store(reading: folder.file("none.db")) }
        #expect(try store.recordings(after: now + .seconds(7200)).map(\.data) == [[2], [3]])
        try store.pruneRecordings(before: now + .seconds(3 * 3600))
        #expect(try store.recordings(after: now).map(\.data) == [[2], [3]])
    }
}
