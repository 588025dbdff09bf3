package dmdx.nn.pipeline;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.StudentSampling;

/** How an exported folder tells others to sample a student. */
@FunctionalInterface
public interface StudentScheduler {

  /**
   * @param own the teacher's {@code scheduler_config.json}, a copy
   * @param student how the student is sampled
   * @return the student's {@code scheduler_config.json}
   */
  ObjectNode of(ObjectNode own, StudentSampling student);

  /**
   * For a teacher on a variance-preserving schedule: its own scheduler, on the student's timesteps
   * and with its output, or the plain straight path.
   *
   * @param timeScale the network's timestep at pure noise
   */
  static StudentScheduler variancePreserving(double timeScale) {
    return (own, student) -> {
      if (student.schedule().equals("flow")) {
        return flow(timeScale);
      }
      own.put("timestep_spacing", "trailing");
      own.put(
          "prediction_type",
          student.parameterization().equals("velocity") ? "v_prediction" : "epsilon");
      return own;
    };
  }

  /**
   * The plain straight path.
   *
   * @param timeScale the network's timestep at pure noise
   */
  static ObjectNode flow(double timeScale) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("_class_name", "FlowMatchEulerDiscreteScheduler");
    json.put("num_train_timesteps", (int) timeScale);
    json.put("shift", 1.0);
    return json;
  }
}
