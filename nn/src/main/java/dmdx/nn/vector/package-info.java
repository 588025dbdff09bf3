/**
 * Teachers on plain vectors, such as points of the plane, whose score is known exactly: {@link
 * dmdx.nn.vector.VectorTeacher} joins a score, a network to start students from and a way to draw
 * into a teacher, {@link dmdx.nn.vector.PlaneGrid} compares densities of the plane and draws them.
 */
@NullMarked
package dmdx.nn.vector;

import org.jspecify.annotations.NullMarked;
