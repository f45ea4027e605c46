package import Configuration
import Detection
package import Models
import Signing
import Store
import Traffic

/// Learning: the first model of this site, and then again and again the next one.
///
/// A new model takes over only by what it does: it must find every canary that the model in use finds, and then judges beside
/// it for `learn.trial` without raising more alarms.
extension Agent {
    /// Rows of one recording, in each view: 272 bytes each.
    private static let recordedRows = 5_000

    /// Tells progress, and trains when enough has been learned: the shared model, and those of groups with their own.
    func learn(at now: Timestamp) {
        for group in engine.detector.lives.map(\.group) { learn(group, at: now) }
    }

    private func learn(_ group: String?, at now: Timestamp) {
        guard let life = engine.detector.life(of: group) else { return }
        switch life.phase {
        case .learning(let fraction):
            tellProgress(fraction, of: group)
        case .readyToTrain where training == nil:
            tellProgress(1, of: group)
            guard let set = engine.detector.trainingSet(of: group) else { return }
            learners[group]?.recordingStarted = now - set.learned
            save(recording: set, at: now)
            let kind = ModelKind(configuration.modelKind(of: group))
            train(group) { (try Trainer.train(set, kind: kind, seed: 1), nil) }
        case .readyToTrain:
            break
        case .watching:
            record(group, at: now)
            if training == nil, life.isReadyToRetrain { retrain(life, at: now) }
            judgeTrial(of: life, at: now)
        }
    }

    /// Trains in the background, since it takes seconds; `body` also says why the result is of no use, if it is not.
    private func train(_ group: String?, _ body: @escaping @Sendable () throws -> (SiteModel, String?)) {
        let started = clock.now
        training = Task.detached { [weak self] in
            let result: Result<(SiteModel, String?), any Error>
            do {
                result = .success(try await LowPriority.run(body))
            } catch {
                result = .failure(error)
            }
            await self?.finishTraining(result, of: group, since: started)
        }
    }

    private func finishTraining(
        _ result: Result<(SiteModel, String?), any Error>, of group: String?, since: Timestamp
    ) {
        training = nil
        // The group may have gone meanwhile.
        guard !Task.isCancelled, let life = engine.detector.life(of: group) else { return }
        let now = clock.now
        do {
            let (model, flaw) = try result.get()
            if let flaw {
                attempt("store") { try keep(model, of: group, as: .rejected, note: flaw, at: now) }
                engine.detector.learnAnew(in: group)
                tell(of: model.name, .failed(flaw), at: now)
            } else if life.site == nil {
                use(model, in: group, at: now)
                attempt("store") { try keep(model, of: group, as: .champion, note: "the first", at: now) }
                tell(.learned(model: model.name, seconds: (now - since).seconds))
                note(model.name, "is the first of this site and is in use now", at: now)
            } else {
                engine.detector.challenge(with: model, in: group)
                attempt("store") { try keep(model, of: group, as: .challenger, note: "on trial", at: now) }
                tell(of: model.name, .began, at: now)
            }
            settle(Learner.subject(of: group))
        } catch {
            engine.detector.learnAnew(in: group)
            learners[group]?.toldProgress = 0
            let whose =
                group.map { " for the policy group \($0), which the shared one goes on to judge" } ?? ""
            complain(
                Learner.subject(of: group), "no model was learned\(whose), and learning goes on: \(error)")
        }
    }

    /// Trains the next model on what was recorded of late, and tries the canaries on it.
    private func retrain(_ life: ModelLife, at now: Timestamp) {
        let (detector, group) = (engine.detector, life.group)
        guard let latest = detector.trainingSet(of: group), let champion = life.site else { return }
        let shipped = detector.shipped
        let maximumRows = life.maximumRows
        save(recording: latest, at: now)
        let memory = now - configuration.learn.memory
        let files = (try? store.recordings(after: memory, of: group)) ?? []
        let kind = ModelKind(configuration.modelKind(of: group))
        let version = UInt64((try? store.models().count) ?? 0) + 1
        train(group) {
            // Recordings of another version's features are of no use any more, and no error.
            let earlier = files.compactMap { try? TrainingSet(file: ModelFile($0.data), shipped: shipped) }
            var set = TrainingSet(
                merging: earlier.isEmpty ? [latest] : earlier, maximumRows: maximumRows, shipped: shipped)
            set.outdated.recordings = files.count - earlier.count
            let model = try Trainer.train(set, kind: kind, seed: version)
            let missed = Canaries.caught(by: champion, shipped: shipped)
                .subtracting(Canaries.caught(by: model, shipped: shipped))
            guard !missed.isEmpty else { return (model, nil) }
            return (
                model,
                "it does not find \(missed.sorted().joined(separator: ", ")), which the one in use does"
            )
        }
    }

    /// Writes down once an hour what was collected for the next model.
    private func record(_ group: String?, at now: Timestamp) {
        guard learners[group]?.isRecordingDue(at: now) == true,
            let set = engine.detector.trainingSet(of: group)
        else { return }
        save(recording: set, ends: false, at: now)
    }

    /// Writes windows down; what comes after is another recording, unless this one goes on.
    private func save(recording set: TrainingSet, ends: Bool = true, at now: Timestamp) {
        let started = learners[set.group]?.recordingStarted ?? now
        learners[set.group]?.recordingSaved = now
        if ends { learners[set.group]?.recordingStarted = nil }
        attempt("recording") {
            let part = TrainingSet(
                merging: [set], maximumRows: Self.recordedRows, shipped: engine.detector.shipped)
            try store.save(recording: part.file.bytes, of: set.group, started: started, ended: now)
            try store.pruneRecordings(before: now - configuration.learn.memory)
        }
    }

    private func judgeTrial(of life: ModelLife, at now: Timestamp) {
        guard let trial = life.trial else { return }
        switch trial.outcome {
        case .running:
            break
        case .passed:
            let note =
                "passed its trial: \(trial.alarms) alarms without evidence, the one before \(trial.championAlarms)"
            use(trial.model, in: life.group, at: now)
            attempt("store") { try store.assign(.champion, to: trial.model.name, note: note, at: now) }
            tell(of: trial.model.name, .passed, at: now)
        case .failed(let reason):
            engine.detector.endTrial(in: life.group)
            engine.detector.learnAnew(in: life.group)
            attempt("store") { try store.assign(.rejected, to: trial.model.name, note: reason, at: now) }
            tell(of: trial.model.name, .failed(reason), at: now)
        }
    }

    /// Tells what happens to a model on probation, and keeps it in the audit trail: it decides who is judged by what.
    private func tell(of model: String, _ step: TrialStep, at now: Timestamp) {
        tell(.trial(model: model, step))
        note(model, step.sentence, at: now)
    }

    private func note(_ model: String, _ words: String, at now: Timestamp) {
        attempt("store") {
            try store.note("model", model, detail: words, by: "agent", under: loaded.hash, at: now)
        }
    }

    /// Judges a group (`nil`: all without a model of their own) by `model` from now on.
    func use(_ model: SiteModel, in group: String?, at now: Timestamp) {
        engine.detector.adopt(model, in: group)
        learners[group]?.trained = now
    }

    /// Keeps a model that was trained here, signed.
    private func keep(
        _ model: SiteModel, of group: String?, as role: SavedModel.Role, note: String, at now: Timestamp
    ) throws {
        try keep(
            model, of: group, data: model.file.signed(by: key).bytes, as: role, note: note, at: now)
    }

    /// Keeps a model with the signature that its file has.
    func keep(
        _ model: SiteModel, of group: String?, data: [UInt8], as role: SavedModel.Role, note: String,
        at now: Timestamp
    ) throws {
        try store.save(
            SavedModel(
                id: model.name, group: group, trained: now, role: role, since: now, note: note,
                metadata: Self.metadata(of: model), data: data))
    }

    /// The file's header as JSON: short words and numbers, in which nothing needs escaping.
    private static func metadata(of site: SiteModel) -> String {
        let pairs = site.file.metadata.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
        return "{\(pairs.joined(separator: ","))}"
    }
}

extension ModelKind {
    /// The kind that a configuration names.
    package init(_ name: Configuration.Detection.Model) {
        self =
            switch name {
            case .autoencoder: .autoencoder
            case .pca: .pca
            case .forest: .forest
            case .kmeans: .kmeans
            case .svm: .svm
            }
    }
}
