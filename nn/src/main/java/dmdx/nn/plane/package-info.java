/**
 * Teachers on the plane, whose score is known in closed form: small enough to see what a method
 * does to a distribution. {@link dmdx.nn.plane.PlaneTeacher} makes one of a {@link
 * dmdx.nn.plane.PlaneDistribution}; {@link dmdx.nn.plane.PlaneNetwork} is what its students are.
 */
@NullMarked
package dmdx.nn.plane;

import org.jspecify.annotations.NullMarked;
