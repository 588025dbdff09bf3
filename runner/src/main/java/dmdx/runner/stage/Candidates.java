package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Diffusion;
import dmdx.api.network.Weights;
import dmdx.runner.checkpoint.Folders;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The models a run compares: the teacher, and the student before, between and after its stages. */
final class Candidates {
  private Candidates() {}

  /**
   * A model that turns noise and prompts into latents.
   *
   * @param label what pictures and tables call it
   * @param evaluations network evaluations per sample
   * @param weights hash of the files of a trained student; empty for models the teacher gives
   */
  record Candidate(String label, int evaluations, String weights, Generator generator) {}

  /** Makes latents, owned by {@code owner}. */
  @FunctionalInterface
  interface Generator {
    NDArray generate(NDArray noise, List<String> prompts, NDManager owner);
  }

  /**
   * The teacher with guidance, the undistilled one-step student, and the student of every training
   * stage of this run that is done.
   *
   * @param owner owns the students' weights
   */
  static List<Candidate> of(RunContext run, int steps, double guidance, NDManager owner) {
    List<Candidate> candidates = new ArrayList<>();
    candidates.add(teacher(run, steps, guidance));
    StudentModel start = StudentModel.ofTeacher(run.teacher(), run.studentTimesteps());
    candidates.add(
        student(
            run,
            "student before",
            "",
            start,
            run.computing(run.teacher().studentBase().weights())));
    for (String stage : trained(run)) {
      Path folder = run.folder(stage).resolve(RunContext.STUDENT);
      StudentModel trained = StudentModel.of(run.teacher(), StudentFiles.sampling(folder));
      Tuning tuning = run.studentTuning();
      Weights weights = tuning.complete(StudentFiles.trained(folder, tuning, owner), run.compute());
      candidates.add(
          student(
              run,
              "after " + stage.toUpperCase(java.util.Locale.ROOT),
              OdePairs.hash(folder),
              trained,
              weights));
    }
    return candidates;
  }

  /** The training stages of this run that are done. */
  private static List<String> trained(RunContext run) {
    return Stream.of(AdpStage.NAME, AdmStage.NAME)
        .filter(run.settings().stages()::contains)
        .filter(stage -> StudentFiles.exists(run.folder(stage).resolve(RunContext.STUDENT)))
        .toList();
  }

  /**
   * A hash of what samples of all models follow from.
   *
   * @param stage the one that draws them, whose settings count
   */
  static String origin(RunContext run, String stage) {
    List<String> all = new ArrayList<>(List.of(originWithoutStudents(run, stage)));
    for (String trained : trained(run)) {
      all.add(trained + " " + OdePairs.hash(run.folder(trained).resolve(RunContext.STUDENT)));
    }
    return sha256(all);
  }

  /** The same without the trained students. */
  static String originWithoutStudents(RunContext run, String stage) {
    return sha256(
        List.of(
            run.fingerprint(path -> path.startsWith(stage + ".")),
            OdePairs.hash(run.settings().teacher().path()),
            OdePairs.hash(run.prompts())));
  }

  private static String sha256(List<String> lines) {
    return Folders.sha256(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
  }

  static Candidate teacher(RunContext run, int steps, double guidance) {
    TeacherSampler sampler =
        TeacherSampler.of(run.teacher(), run.teacher().defaultSampler(), steps);
    return new Candidate(
        "teacher, %d steps".formatted(steps),
        sampler.evaluations(guidance, run.latentShape(1)),
        "",
        (noise, prompts, owner) -> {
          double[] scales = Diffusion.filled(prompts.size(), guidance);
          return run.teacherSamples(sampler, noise, prompts, scales, owner);
        });
  }

  private static Candidate student(
      RunContext run, String label, String hash, StudentModel model, Weights weights) {
    return new Candidate(
        label,
        model.evaluations(),
        hash,
        (noise, prompts, owner) -> run.studentSamples(model, weights, noise, prompts, owner));
  }
}
