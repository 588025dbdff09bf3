/**
 * What the interfaces of plugins promise, as checks for a plugin's own tests: {@link
 * dmdx.nn.contract.TeacherContract}, {@link dmdx.nn.contract.BackboneContract}, {@link
 * dmdx.nn.contract.HeadsContract}, {@link dmdx.nn.contract.AdversarialContract}, {@link
 * dmdx.nn.contract.DivergenceContract}, {@link dmdx.nn.contract.SettingsContract} for the settings
 * of each, and {@link dmdx.nn.contract.ServiceContract} for what a jar lists. They depend on no
 * test framework:
 *
 * <pre>
 *   assertEquals(List.of(), DivergenceContract.problems(loss, new Shape(2, 4, 8, 8)));
 * </pre>
 *
 * <p>Given a provider, those of teachers, backbones and heads check its settings, too.
 *
 * <p>Every problem is a sentence; an exception of the plugin is one, too. They are about shapes,
 * gradients and memory, not about right numbers: for those there is {@link dmdx.nn.parity}.
 */
@NullMarked
package dmdx.nn.contract;

import org.jspecify.annotations.NullMarked;
