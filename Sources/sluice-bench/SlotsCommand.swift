import ArgumentParser
import Datapath

/// The size that the flow table has by default.
struct SlotsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slots", abstract: "Prints this machine's default of flow_table.slots_per_cpu.")

    func run() { print(FlowTableSize.ofThisMachine) }
}
