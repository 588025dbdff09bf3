package dmdx.mixture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.typesafe.config.ConfigFactory;
import dmdx.api.ImageSize;
import dmdx.api.TeacherProvider.OpenRequest;
import dmdx.nn.contract.TeacherContract;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MixtureTeacherTests {

  @Test
  void keeps_what_teachers_promise() {
    MixtureTeacher provider = new MixtureTeacher();
    OpenRequest request = new OpenRequest(Path.of("mixture"), false, 0);
    List<String> problems =
        TeacherContract.problems(
            provider,
            ConfigFactory.parseString("width = 8, fit-steps = 1"),
            settings -> provider.open(request, settings),
            new ImageSize(1, 1, 1));
    assertEquals(List.of(), problems);
  }
}
