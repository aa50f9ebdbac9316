import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

/**
 * Says by name what was not run and why (the note of `context.skip(note)`), and ends with the line `N passed, N failed`.
 * With CI set, nothing may be left out: a skipped test counts as failed.
 */
export class Tally implements Reporter {
  private chosenByName = false;

  onInit(vitest: Vitest): void {
    this.chosenByName = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed');
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const broken = modules
      .flatMap((module) => [module, ...module.children.allSuites()])
      .filter((suite) => suite.errors().length > 0);
    let failed = tests.length - passed.length - skipped.length + broken.length + unhandledErrors.length;

    if (skipped.length > 0 && !this.chosenByName) {
      console.log(`\nNot run here:\n${skipped.map(inOneLine).join('\n')}`);
      if (process.env.CI) {
        console.log('With CI set nothing may be left out: each of these counts as failed.');
        failed += skipped.length;
        process.exitCode = 1;
      }
    }
    console.log(`\n${passed.length} passed, ${failed} failed`);
  }
}

function inOneLine(test: TestCase): string {
  const result = test.result();
  const reason = result.state === 'skipped' && result.note ? result.note : 'skipped without a reason';
  return `  ${test.module.relativeModuleId} › ${test.fullName}: ${reason}`;
}
