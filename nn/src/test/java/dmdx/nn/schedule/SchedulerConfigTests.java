package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.nn.schedule.VpSchedules.BetaSchedule;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerConfigTests {

  static ModelConfig json(String text) {
    try {
      return ModelConfig.of(
          new ObjectMapper().readTree(text), Path.of("scheduler/scheduler_config.json"));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  static SchedulerConfig sdxl() {
    return SchedulerConfig.of(
        json(
            """
            {"_class_name": "EulerDiscreteScheduler", "beta_end": 0.012, "beta_start": 0.00085,
             "beta_schedule": "scaled_linear", "prediction_type": "epsilon", "steps_offset": 1,
             "timestep_spacing": "leading", "set_alpha_to_one": false, "clip_sample": false,
             "skip_prk_steps": true, "trained_betas": null, "use_karras_sigmas": false}
            """));
  }

  @Test
  void reads_the_published_configuration() {
    assertEquals(
        new SchedulerConfig(
            1000,
            BetaSchedule.SCALED_LINEAR,
            0.00085,
            0.012,
            1,
            false,
            TimestepGrid.LEADING,
            1,
            false,
            false,
            1,
            Prediction.EPSILON),
        sdxl());
  }

  @ParameterizedTest
  @ValueSource(strings = {"DDIMScheduler", "DDPMScheduler", "PNDMScheduler"})
  void every_variance_preserving_class_has_the_same_tables(String name) {
    SchedulerConfig config =
        SchedulerConfig.of(
            json(
                """
                {"_class_name": "%s", "beta_end": 0.012, "beta_start": 0.00085,
                 "beta_schedule": "scaled_linear"}
                """
                    .formatted(name)));
    assertEquals(
        VpSchedules.of(sdxl()).cumulativeAlpha(500), VpSchedules.of(config).cumulativeAlpha(500));
  }

  @ParameterizedTest
  @ValueSource(strings = {"CogVideoXDDIMScheduler", "CogVideoXDPMScheduler"})
  void the_video_classes_have_defaults_of_their_own(String name) {
    assertEquals(
        new SchedulerConfig(
            1000,
            BetaSchedule.SCALED_LINEAR,
            0.00085,
            0.012,
            3,
            false,
            TimestepGrid.LEADING,
            0,
            true,
            false,
            1,
            Prediction.EPSILON),
        SchedulerConfig.of(json("{\"_class_name\": \"%s\"}".formatted(name))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\"}",
        "{\"beta_schedule\": \"squaredcos_cap_v2\"}",
        "{\"prediction_type\": \"flow\"}",
        "{\"timestep_spacing\": \"middle\"}",
        "{\"trained_betas\": [0.1, 0.2]}",
        "{\"beta_start\": 0.5, \"beta_end\": 0.1}",
        "{\"use_karras_sigmas\": true}",
        "{\"snr_shift_scale\": 0, \"_class_name\": \"CogVideoXDDIMScheduler\"}"
      })
  void names_file_and_key_of_what_it_cannot_use(String text) {
    ModelConfig config = json(text);
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> SchedulerConfig.of(config));
    String key = config.json().fieldNames().next();
    assertTrue(String.valueOf(e.getMessage()).contains(key), String.valueOf(e.getMessage()));
    assertTrue(
        String.valueOf(e.getMessage()).contains("scheduler_config.json"),
        String.valueOf(e.getMessage()));
  }
}
