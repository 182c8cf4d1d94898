import { Component, type ReactNode } from "react";

type BoundaryProps = {
  /** Shown instead of children that could not be loaded, or that threw. */
  readonly fallback: ReactNode;
  /** Once this is another one, the children are tried again. */
  readonly place?: string;
  readonly onFailure?: () => void;
  readonly children: ReactNode;
};

/** Keeps what goes wrong in a part of the page from taking the rest with it. */
export class Boundary extends Component<BoundaryProps, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override componentDidCatch() {
    this.props.onFailure?.();
  }

  override componentDidUpdate(previous: BoundaryProps, { hasFailed }: { hasFailed: boolean }) {
    // Not where the change of place is what failed: that would be tried for ever.
    if (hasFailed && previous.place !== this.props.place) this.setState({ hasFailed: false });
  }

  override render() {
    return this.state.hasFailed ? this.props.fallback : this.props.children;
  }
}
