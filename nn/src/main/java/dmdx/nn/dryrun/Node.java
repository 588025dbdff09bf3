package dmdx.nn.dryrun;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** A step of a recorded graph, or a leaf, with the memory it holds until the backward pass. */
final class Node {
  private final long id;
  private final boolean leaf;
  private final boolean inPlace;
  private final List<Edge> edges = new ArrayList<>();
  private final List<Memory.Block> saved = new ArrayList<>();
  private final long workspace;
  private Memory.@Nullable Block gradient;
  private int users;

  /**
   * Where a gradient flows.
   *
   * @param to the operand's node
   * @param bytes of the operand's gradient
   * @param memory where that gradient lies
   * @param aliased whether it is a view of the result's
   */
  record Edge(Node to, long bytes, Memory memory, boolean aliased) {}

  private Node(long id, boolean leaf, Memory.@Nullable Block gradient, long workspace) {
    this.id = id;
    this.leaf = leaf;
    this.gradient = gradient;
    this.workspace = workspace;
    inPlace = gradient != null;
  }

  static Node leaf(long id) {
    return new Node(id, true, null, 0);
  }

  /** A leaf whose gradient accumulates in given memory. */
  static Node leaf(long id, Memory.Block gradient) {
    return new Node(id, true, gradient.share(), 0);
  }

  /**
   * @param id greater than those of nodes made before; the backward pass goes by it
   * @param workspace bytes the backward step needs while it runs
   */
  static Node step(long id, List<Edge> edges, List<Memory.Block> saved, long workspace) {
    Node node = new Node(id, false, null, workspace);
    node.edges.addAll(edges);
    node.edges.forEach(edge -> edge.to.users++);
    saved.forEach(block -> node.saved.add(block.share()));
    return node;
  }

  boolean isLeaf() {
    return leaf;
  }

  Memory.@Nullable Block gradient() {
    return gradient;
  }

  Node use() {
    users++;
    return this;
  }

  void release() {
    if (--users > 0) {
      return;
    }
    free();
    dropGradient();
  }

  void dropGradient() {
    if (gradient != null) {
      gradient.release();
      gradient = null;
    }
  }

  private void free() {
    saved.forEach(Memory.Block::release);
    saved.clear();
    List<Edge> gone = List.copyOf(edges);
    edges.clear();
    gone.forEach(edge -> edge.to.release());
  }

  /**
   * The backward pass from here: gradients of leaves stay, all else is freed as it is used.
   *
   * @param memory where the result lies
   */
  void backward(Memory memory, long bytes, boolean keepGraph) {
    PriorityQueue<Node> due =
        new PriorityQueue<>(Comparator.comparingLong((Node node) -> node.id).reversed());
    gradient = memory.allocate(bytes);
    due.add(use());
    while (!due.isEmpty()) {
      Node node = due.poll();
      if (!node.leaf) {
        node.propagate(due, keepGraph);
      }
      node.release();
    }
  }

  private void propagate(PriorityQueue<Node> due, boolean keepGraph) {
    Memory.Block incoming = gradient;
    if (incoming == null) {
      return;
    }
    Memory.Block scratch = incoming.memory().allocate(workspace);
    for (Edge edge : edges) {
      Memory.Block part = edge.aliased ? incoming.share() : edge.memory.allocate(edge.bytes);
      if (edge.to.gradient == null) {
        edge.to.gradient = part;
        due.add(edge.to.use());
      } else {
        edge.to.accumulate(part, edge.bytes);
      }
    }
    scratch.release();
    incoming.release();
    gradient = null;
    if (!keepGraph) {
      free();
    }
  }

  private void accumulate(Memory.Block part, long bytes) {
    Memory.Block sum = gradient;
    if (!inPlace && sum != null && sum.isShared()) {
      gradient = part.memory().allocate(bytes);
      sum.release();
    }
    part.release();
  }
}
