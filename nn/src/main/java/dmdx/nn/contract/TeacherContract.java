package dmdx.nn.contract;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.Config;
import dmdx.api.Component;
import dmdx.api.Conditioning;
import dmdx.api.FeatureTap;
import dmdx.api.ImageSize;
import dmdx.api.StudentBase;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.network.Denoiser;
import dmdx.api.network.Pass;
import dmdx.api.network.Passes;
import dmdx.api.settings.Settings;
import dmdx.nn.torch.Autograd;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.Noise;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What {@link Teacher} promises. */
public final class TeacherContract {
  private static final List<String> PROMPTS = List.of("a red shirt", "");
  private static final int ROWS = PROMPTS.size();
  private static final int FREE = 3;

  private final Findings findings = new Findings();
  private final Teacher teacher;
  private final ImageSize size;

  private TeacherContract(Teacher teacher, ImageSize size) {
    this.teacher = teacher;
    this.size = size;
  }

  /**
   * Conditionings have their rows, latents, predictions and hidden states the shapes announced;
   * gradients reach the latents; times fall from the horizon; memory stays flat.
   *
   * @param size of what is drawn, small
   */
  public static List<String> problems(Teacher teacher, ImageSize size) {
    TeacherContract contract = new TeacherContract(teacher, size);
    Findings findings = contract.findings;
    findings.part("components", contract::components);
    findings.part("times", contract::times);
    findings.repeated("conditioner", contract::conditioner);
    findings.repeated("denoiser", contract::denoiser);
    findings.repeated("student base", contract::base);
    findings.repeated("codec", contract::codec);
    findings.repeated("sampler", contract::sampler);
    return findings.list();
  }

  /**
   * The same of the teacher that a provider opens, and what {@link SettingsContract} says of its
   * settings.
   *
   * @param own settings over the defaults that make it open
   * @param open opens a small checkpoint
   */
  public static List<String> problems(
      TeacherProvider provider, Config own, Function<Settings, Teacher> open, ImageSize size) {
    return SettingsContract.problems(provider, own, open, teacher -> problems(teacher, size));
  }

  private Passes passes(NDManager manager) {
    return name -> {
      Component component = teacher.components().get(name);
      if (component == null) {
        throw new IllegalStateException("'%s' is none of the components".formatted(name));
      }
      return ForwardPass.of(component.weights(), manager);
    };
  }

  private void components() {
    Map<String, Component> components = teacher.components();
    String denoiser = teacher.denoiserComponent();
    String codec = teacher.codec().component();
    for (String name : codec == null ? List.of(denoiser) : List.of(denoiser, codec)) {
      findings.require(
          components.containsKey(name), "'%s': is none of %s", name, components.keySet());
    }
    findings.require(
        !denoiser.equals(codec),
        "codec: its component is the denoiser's, '%s'; a codec without a network has none, null",
        denoiser);
    components.forEach(
        (name, component) -> {
          findings.require(
              name.equals(component.name()), "'%s': calls itself '%s'", name, component.name());
          Set<String> missing =
              component.network().parameters().stream()
                  .map(parameter -> parameter.name())
                  .collect(Collectors.toCollection(HashSet::new));
          missing.removeAll(component.weights().names());
          findings.require(missing.isEmpty(), "'%s': has no weights %s", name, missing);
        });
    StudentBase base = teacher.studentBase();
    findings.require(
        base.denoiser() == teacher.studentBase().denoiser()
            && base.weights() == teacher.studentBase().weights(),
        "studentBase: is another one at every call");
  }

  private void times() {
    double horizon = teacher.schedule().horizon();
    for (int n = 1; n <= 4; n++) {
      double[] times = teacher.studentTimesteps(n);
      boolean falling = times.length == n;
      for (int i = 0; i < times.length; i++) {
        double above = i == 0 ? Math.nextUp(horizon) : times[i - 1];
        falling = falling && times[i] > 0 && times[i] < above;
      }
      findings.require(
          falling,
          "studentTimesteps(%d): are %s, expected as many, falling, in (0, %s]",
          n,
          Arrays.toString(times),
          horizon);
    }
    findings.require(
        teacher.schedule().alpha(0) > teacher.schedule().alpha(horizon)
            && teacher.schedule().sigma(0) < teacher.schedule().sigma(horizon),
        "schedule: alpha does not fall or sigma does not rise");
  }

  private void conditioner(NDManager manager) {
    Passes passes = passes(manager);
    Conditioning text = teacher.conditioner().encode(passes, PROMPTS, size);
    Conditioning free = teacher.conditioner().unconditional(passes, FREE, size);
    findings.require(
        free.tensors().keySet().equals(text.tensors().keySet()),
        "conditioner: unconditional gives %s, encode %s",
        free.tensors().keySet(),
        text.tensors().keySet());
    text.tensors()
        .forEach(
            (name, x) -> {
              Shape row = x.getShape().slice(1);
              findings.shape("'%s' of encode".formatted(name), x, new Shape(ROWS).addAll(row));
              NDArray other = free.tensors().get(name);
              if (other != null) {
                String what = "'%s' of unconditional".formatted(name);
                findings.shape(what, other, new Shape(FREE).addAll(row));
              }
            });
  }

  private NDArray latents(NDManager manager) {
    return Noise.of("latents").gaussian(manager, teacher.codec().latentShape(ROWS, size));
  }

  private NDArray predict(String what, Denoiser network, ForwardPass pass) {
    NDManager manager = pass.scope();
    Conditioning text = teacher.conditioner().encode(passes(manager), PROMPTS, size);
    float t = (float) teacher.schedule().snap(teacher.schedule().horizon() / 2);
    NDArray times = manager.full(new Shape(ROWS), t);
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray leaf = Autograd.leaf(latents(manager));
      NDArray y = network.forward(pass, leaf, times, text);
      if (findings.shape(what, y, leaf.getShape())) {
        findings.finite(what, y);
        findings.gradient(what, y, leaf, false);
      }
      return leaf;
    }
  }

  private void denoiser(NDManager manager) {
    Component component = teacher.components().get(teacher.denoiserComponent());
    if (component != null) {
      predict("prediction", teacher.denoiser(), ForwardPass.of(component.weights(), manager));
    }
  }

  private void base(NDManager manager) {
    List<FeatureTap> taps = teacher.taps();
    Set<String> names = taps.stream().map(FeatureTap::name).collect(Collectors.toSet());
    findings.require(names.size() == taps.size(), "taps: names are not unique: %s", taps);
    StudentBase base = teacher.studentBase();
    ForwardPass pass = ForwardPass.recording(base.weights(), manager, names);
    Shape latents = predict("prediction of the student base", base.denoiser(), pass).getShape();
    for (FeatureTap tap : taps) {
      NDArray state = pass.taps().get(tap.name());
      if (state == null) {
        findings.add("tap '%s': the student base offers no such state".formatted(tap.name()));
      } else if (tap.dimensions() == 0 || latents.dimension() == tap.dimensions() + 2) {
        findings.shape("tap '%s'".formatted(tap.name()), state, map(tap, latents));
      } else {
        findings.add(
            "tap '%s': has %d dimensions, latents are %s"
                .formatted(tap.name(), tap.dimensions(), latents));
      }
    }
    List<String> offered = List.copyOf(pass.taps().keySet());
    List<String> listed =
        taps.stream().map(FeatureTap::name).filter(pass.taps()::containsKey).toList();
    findings.require(offered.equals(listed), "taps: are listed as %s, come as %s", listed, offered);
  }

  /** {@code [B, C]}, {@code [B, C, h, w]} or {@code [B, C, T, h, w]}; the stride is of h and w. */
  private static Shape map(FeatureTap tap, Shape latents) {
    if (tap.dimensions() == 0) {
      return new Shape(ROWS, tap.channels());
    }
    long[] shape = latents.getShape().clone();
    shape[1] = tap.channels();
    for (int axis = shape.length - 2; axis < shape.length; axis++) {
      shape[axis] = (shape[axis] + tap.stride() - 1) / tap.stride();
    }
    return new Shape(shape);
  }

  private void codec(NDManager manager) {
    String component = teacher.codec().component();
    Pass pass =
        component == null
            ? ForwardPass.of(new MapWeights("codec", Map.of()), manager)
            : passes(manager).of(component);
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray leaf = Autograd.leaf(latents(manager));
      findings.require(
          leaf.getShape().get(0) == ROWS, "latentShape: is %s for %d rows", leaf.getShape(), ROWS);
      NDArray decoded = teacher.codec().decode(pass, leaf);
      boolean pictures = teacher.codec().samplesPerPicture() == 1;
      Shape frames = leaf.getShape().dimension() == 5 ? new Shape(size.frames()) : new Shape();
      Shape expected =
          pictures
              ? new Shape(ROWS, 3).addAll(frames).addAll(new Shape(size.height(), size.width()))
              : decoded.getShape();
      if (findings.shape("what is decoded", decoded, expected)) {
        if (decoded != leaf) {
          findings.gradient("what is decoded", decoded, leaf, false);
        }
        NDArray again = teacher.codec().encode(pass, decoded.stopGradient());
        findings.shape("what is encoded", again, leaf.getShape());
      }
    }
  }

  private void sampler(NDManager manager) {
    NDArray noise = latents(manager);
    NDArray drawn =
        teacher
            .sampler(teacher.defaultSampler(), 2)
            .sample((x, t) -> x.mul(x.getManager().full(new Shape(1), 0.5f)), noise);
    findings.shape("a sample", drawn, noise.getShape());
    findings.finite("a sample", drawn);
    findings.require(
        teacher.samplers().contains(teacher.defaultSampler()),
        "samplers: %s, without the default, '%s'",
        teacher.samplers(),
        teacher.defaultSampler());
    teacher.samplers().forEach(name -> teacher.sampler(name, 2));
    try {
      teacher.sampler("no-such-sampler", 2);
      findings.add("sampler: a name that does not exist is no error");
    } catch (IllegalArgumentException e) {
      findings.require(
          String.valueOf(e.getMessage()).contains(teacher.defaultSampler()),
          "sampler: the error for a name that does not exist lists no '%s': %s",
          teacher.defaultSampler(),
          e);
    }
  }
}
