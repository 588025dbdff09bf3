package dmdx.api;

import com.typesafe.config.Config;
import dmdx.api.settings.Settings;
import java.nio.file.Path;

/** Opens teachers of one architecture. Found with {@link java.util.ServiceLoader}. */
public interface TeacherProvider extends Plugin {

  @Override
  default String kind() {
    return "teacher";
  }

  /**
   * Settings of a run that suit checkpoints of this architecture, by preset name: {@code
   * teacher.preset} of a configuration puts one of them under its own settings. They are read from
   * {@code META-INF/dmdx/teacher/<name>.presets.conf} of the plugin's own jar, an object per
   * preset, each laid out as a run's configuration; a plugin without that file has none.
   */
  default Config presets() {
    return Resource.config(getClass(), kind() + "/" + name() + ".presets.conf");
  }

  /**
   * Opens a checkpoint folder.
   *
   * @param request where the checkpoint is and how to treat missing weights
   * @param settings the plugin's own settings; every key must be read, the rest is an error
   * @return the teacher; the caller closes it
   * @throws dmdx.api.settings.SettingsException if a setting is wrong
   * @throws CheckpointException if the folder is no checkpoint of this architecture
   */
  Teacher open(OpenRequest request, Settings settings);

  /**
   * @param folder checkpoint folder in the Hugging Face layout
   * @param randomWeights components whose weights files are absent get freshly initialised weights,
   *     as a pre-training run needs; otherwise an absent file is an error
   * @param seed seed of that initialisation
   */
  record OpenRequest(Path folder, boolean randomWeights, long seed) {}
}
