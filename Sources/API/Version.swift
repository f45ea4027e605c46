/// What `sluice --version` says, and the agent in its status.
package enum Version {
    package static let current = "0.1.0"
}
