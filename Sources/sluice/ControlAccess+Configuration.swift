import API
import ArgumentParser
import Configuration
import Control

extension ControlAccess {
    /// What `control` in the configuration says; the error names the key whose group there is not.
    init(_ configuration: Configuration.Control) throws {
        func group(_ key: String, _ name: String) throws -> UInt32? {
            do {
                return name.isEmpty ? nil : try Self.group(named: name)
            } catch {
                throw Failure("control.\(key): \(error.message)", hint: error.hint, exitCode: ExitCode(2))
            }
        }
        self.init(
            readers: try group("read_group", configuration.readGroup),
            writers: try group("write_group", configuration.writeGroup))
    }
}
