import ArgumentParser
import Configuration
import Datapath
import Terminal

/// The command `sluice chain`.
struct ChainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chain", abstract: "Show, set or clear the XDP program behind ours.",
        discussion: """
            Packets that Sluice lets pass go on to that program, and its verdict counts; what Sluice drops never \
            reaches it. Without OBJECT and --clear it says what is there. The program and its maps are pinned beside \
            Sluice's (bpftool map update pinned ...), and stay when an agent takes over from another; an agent that \
            stops cleanly takes them along.
            """)

    @Argument(
        help: "Object file with an XDP program, or a pinned XDP program.", completion: .file())
    var object: String?

    @Option(help: ArgumentHelp("Which program of the file, if it has several.", valueName: "name"))
    var program: String?

    @Flag(help: "Let packets pass without another program.")
    var clear = false

    @Option(help: ArgumentHelp("BPF file system with the pins.", valueName: "path"))
    var bpffs = Configuration().bpffs

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if clear, object != nil { throw ValidationError("either OBJECT or --clear") }
        if program != nil, object == nil { throw ValidationError("--program chooses from a file: name it") }
    }

    func run() async throws {
        try await finish {
            let slot = try ChainSlot(bpffs: bpffs)
            if clear { try slot.clear() }
            if let object { try slot.put(object, program: program) }
            let report = Report(program: slot.occupant)
            return try Printout(report) { Self.text(report, on: $0) }
                .text(as: output.format, on: .standardOutput)
        }
    }

    /// What is in the slot.
    struct Report: Encodable {
        /// Absent if nothing is.
        var program: ChainSlot.Occupant?
    }

    static func text(_ report: Report, on screen: Screen) -> String {
        guard let program = report.program else { return "no program is behind ours: what passes, passes\n" }
        var fields = Fields()
        fields.add("Program", "\(program.name ?? "unknown") (id \(program.id))")
        if let tag = program.tag { fields.add("Tag", tag) }
        fields.add("Pinned", program.pin ?? "no: it ends with the agent's maps")
        for (place, map) in program.maps.enumerated() { fields.add(place == 0 ? "Maps" : "", map) }
        return fields.text(on: screen)
    }
}
