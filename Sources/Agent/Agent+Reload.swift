package import API
package import Configuration
import Control
import Engine
import Policy
import Signing
import Store
import Traffic

extension Agent {
    package func settings() async throws -> SettingList {
        SettingList(settings: loaded.settings.map(SettingReport.init), hash: loaded.hash)
    }

    /// Reads the configuration again: all of it holds from then on, or nothing of it.
    package func reload() async throws -> [SettingReport] {
        guard let load else {
            throw ControlError(
                .refused, "there is nothing to reload: the agent was started without a configuration file",
                hint: "start it with --config FILE")
        }
        let new: LoadedConfiguration
        do {
            new = try load()
        } catch {
            throw ControlError(
                .refused, "the old configuration stays: \(error)", hint: "correct it, and reload")
        }
        let old = Dictionary(uniqueKeysWithValues: loaded.settings.map { ($0.key, $0.value) })
        let changed = new.settings.filter { $0.value != old[$0.key] }
        let fixed = changed.filter { !$0.isReloadable }.map { "`\($0.key)`" }
        guard fixed.isEmpty else {
            throw ControlError(
                .refused,
                "the old configuration stays: a change of \(fixed.joined(separator: ", ")) needs a restart",
                hint: "restart the agent, or undo that change")
        }
        let now = time()
        var policy = engine.policy
        policy.configuration = new.hash
        let changes = policy.reconfigure(
            new.configuration.policy, mode: new.configuration.mode, groups: new.configuration.policyGroups,
            allowing: new.configuration.allow, at: now)
        try commit(policy, changes, at: now)
        loaded = new
        regroup()
        let words = changed.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        attempt("store") {
            try store.note(
                "reload", "configuration \(new.hash)", detail: words, by: Caller.current?.name ?? "agent",
                under: new.hash, at: now)
        }
        tell(.reloaded(words))
        return changed.map(SettingReport.init)
    }

    /// Reloads on a signal; if that is refused, says why and goes on with what it has.
    package func reloadOrWarn() async {
        do {
            _ = try await reload()
        } catch {
            tell(.warning((error as? ControlError)?.message ?? "\(error)"))
        }
    }
}

extension LoadedConfiguration {
    /// SHA-256 of keys and values, wherever they are from: what decisions were made under.
    package var hash: String {
        Digest.sha256(of: settings.flatMap { Array("\($0.key): \($0.value)\n".utf8) }).hexadecimal
    }
}

extension SettingReport {
    /// A key with its value, in the words of the API.
    package init(_ setting: LoadedConfiguration.Setting) {
        self.init(
            key: setting.key, value: setting.value, origin: "\(setting.origin)",
            isReloadable: setting.isReloadable)
    }
}
