// What the benchmark uses of opossum 10; its published types are for version 8.
declare module 'opossum' {
  namespace CircuitBreaker {
    interface Options {
      timeout?: number | false;
      rollingPercentilesEnabled?: boolean;
      errorThresholdPercentage?: number;
      resetTimeout?: number;
      volumeThreshold?: number;
    }
  }
  class CircuitBreaker {
    constructor(action: () => Promise<unknown>, options?: CircuitBreaker.Options);
    fire(): Promise<unknown>;
    open(): void;
  }
  export default CircuitBreaker;
}
