/// Whether the agent does its work.
struct AgentCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        guard let process = facts.agentProcess else {
            return [Diagnosis("agent", .ok, "none runs in this network namespace")]
        }
        guard let agent = facts.agent else {
            return [
                Diagnosis(
                    "agent", .failure, "process \(process) runs and does not answer on this socket",
                    remedy:
                        "name its socket with --socket, or look whether it is stopped: ps -o stat \(process)")
            ]
        }
        var found: [Diagnosis] = []
        if agent.heartbeatAge > 5 {
            found.append(
                Diagnosis(
                    "agent", .failure,
                    "the loop of process \(process) has stood still for \(Int(agent.heartbeatAge)) s",
                    remedy: "systemctl restart sluice"))
        }
        if agent.coverage < 0.99 {
            let share = Double(Int(agent.coverage * 1000)) / 10
            found.append(
                Diagnosis(
                    "agent", .warning,
                    "coverage is \(share) %: the flow table is too small, or this is a flood",
                    remedy:
                        "raise flow_table.slots_per_cpu in the configuration, and: systemctl restart sluice"))
        }
        found += agent.warnings.map {
            Diagnosis("agent", .warning, $0, remedy: "journalctl -u sluice, which says since when, and why")
        }
        return found.isEmpty ? [Diagnosis("agent", .ok, "process \(process) is well")] : found
    }
}
