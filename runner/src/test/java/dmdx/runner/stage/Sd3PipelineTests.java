package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.nn.text.ClipVocabulary;
import dmdx.nn.text.SentencePieceModel;
import dmdx.nn.text.SentencePieceModel.Piece;
import dmdx.nn.text.SentencePieceModel.PieceType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class Sd3PipelineTests {
  private static final String TEXT =
      """
      {"architectures": ["CLIPTextModelWithProjection"], "model_type": "clip_text_model",
       "vocab_size": 520, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2,
       "num_attention_heads": 2, "projection_dim": 8, "eos_token_id": 2}
      """;
  private static final Map<String, String> CONFIGS =
      Map.of(
          "transformer/config.json",
          """
          {"_class_name": "SD3Transformer2DModel", "sample_size": 4, "in_channels": 4,
           "out_channels": 4, "num_layers": 2, "attention_head_dim": 4, "num_attention_heads": 2,
           "joint_attention_dim": 20, "caption_projection_dim": 8, "pooled_projection_dim": 16,
           "pos_embed_max_size": 4, "qk_norm": "rms_norm"}
          """,
          "text_encoder/config.json",
          TEXT,
          "text_encoder_2/config.json",
          TEXT,
          "text_encoder_3/config.json",
          """
          {"model_type": "t5", "vocab_size": 120, "d_model": 20, "d_kv": 4, "d_ff": 16,
           "num_layers": 1, "num_heads": 2, "feed_forward_proj": "gated-gelu"}
          """,
          "scheduler/scheduler_config.json",
          """
          {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}
          """);

  @TempDir Path folder;

  /** Only configurations and tokenizers: the weights are pre-training's. */
  private void writeTeacher() throws IOException {
    Path teacher = folder.resolve("sd3");
    for (Map.Entry<String, String> config : CONFIGS.entrySet()) {
      Path file = teacher.resolve(config.getKey());
      Files.createDirectories(file.resolve("..").normalize());
      Files.writeString(file, config.getValue());
    }
    Files.createDirectories(teacher.resolve("vae"));
    Files.copy(folder.resolve("teacher/vae/config.json"), teacher.resolve("vae/config.json"));
    for (String tokenizer : List.of("tokenizer", "tokenizer_2")) {
      ClipVocabulary.train(TinyRun.PROMPTS, 6, Files.createDirectories(teacher.resolve(tokenizer)));
    }
    Files.createDirectories(teacher.resolve("tokenizer_3"));
    new SentencePieceModel(
            List.of(
                new Piece("<pad>", 0, PieceType.CONTROL),
                new Piece("</s>", 0, PieceType.CONTROL),
                new Piece("<unk>", 0, PieceType.UNKNOWN),
                new Piece("\u2581red", -1, PieceType.NORMAL)),
            new byte[0],
            true,
            true)
        .write(teacher.resolve("tokenizer_3/spiece.model"));
  }

  @Test
  void distils_a_flow_teacher_with_three_text_encoders() throws IOException {
    TinyRun tiny = TinyRun.create(folder);
    writeTeacher();
    List<String> sd3 = List.of("teacher.plugin=sd3", "teacher.sd3.max-sequence-length=6");
    tiny.run(with(sd3, "name=pretraining", "stages=[pretrain]", "teacher.path=sd3"));
    assertTrue(Files.isRegularFile(folder.resolve("trained/text_encoder_3/model.safetensors")));

    tiny.run(with(sd3, "name=whole", "stages=[collect,adp,adm]", "teacher.path=trained"));
    Path run = tiny.runFolder("whole");
    Path weights = Path.of("transformer/diffusion_pytorch_model.safetensors");
    Path export = run.resolve("export");
    assertTrue(Files.isRegularFile(export.resolve(weights)));
    assertTrue(
        Files.mismatch(export.resolve(weights), folder.resolve("trained").resolve(weights)) >= 0);
    var sampling = new ObjectMapper().readTree(export.resolve("dmdx_student.json").toFile());
    assertEquals("flow", sampling.path("schedule").asText());
    assertEquals(1000, sampling.path("timesteps").path(0).asDouble(), 1e-9);
    assertTrue(Files.size(run.resolve("adm/metrics.jsonl")) > 0);
  }

  private static List<String> with(List<String> settings, String... more) {
    List<String> all = new java.util.ArrayList<>(settings);
    all.addAll(List.of(more));
    return all;
  }
}
