import type { ReasonCode } from '../../reason.ts';
import type { Answer, Blocked, Finding, Severity } from '../assessment.ts';
import type { Figures } from '../figures.ts';

/**
 * One question asked of one entry. `check` asks all rules of a kind in order and keeps the findings; `why` asks the same
 * rules and shows each with its figures, so the two cannot tell different stories.
 */
export interface Rule<Subject> {
  /** Stable kebab-case name: `key-match`. */
  readonly name: string;
  /** The question in words: `does the key fit the certificate?` */
  readonly asks: string;
  /** The figures that the answer rests on. Called only for a finding and for `why`. */
  inputs(subject: Subject): Figures;
  /** `passed`, `skipped` (an earlier rule or the table makes the question moot), or what is wrong. */
  judge(subject: Subject): Verdict;
}

export type Verdict = Fault | 'passed' | 'skipped';

/** A finding before it knows its entry and its figures. */
export interface Fault {
  readonly code: ReasonCode;
  readonly severity: Severity;
  readonly message: string;
  readonly answer: Answer;
  /** The file at fault when it is not the entry's main one. */
  readonly path?: string | undefined;
  readonly blocked?: Blocked | undefined;
  readonly step?: number | undefined;
}

/** One line of `certmend why`. */
export interface RuleTrace {
  readonly rule: string;
  readonly asks: string;
  readonly outcome: 'passed' | 'skipped' | 'finding';
  readonly code: ReasonCode | undefined;
  readonly inputs: Figures;
}

/** Asks every rule; findings in the order of the rules. */
export function findingsOf<Subject>(
  rules: readonly Rule<Subject>[],
  subject: Subject,
  id: string,
  path: string,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const rule of rules) {
    const verdict = rule.judge(subject);
    if (typeof verdict === 'string') continue;
    const { code, severity, message, answer, blocked, step } = verdict;
    findings.push({
      code,
      id,
      path: verdict.path ?? path,
      severity,
      message,
      evidence: rule.inputs(subject),
      answer,
      ...(blocked === undefined ? {} : { blocked }),
      ...(step === undefined ? {} : { step }),
    });
  }
  return findings;
}

/** The same questions, answered for a person. */
export function traceOf<Subject>(rules: readonly Rule<Subject>[], subject: Subject): readonly RuleTrace[] {
  return rules.map((rule) => {
    const verdict = rule.judge(subject);
    return {
      rule: rule.name,
      asks: rule.asks,
      outcome: typeof verdict === 'string' ? verdict : 'finding',
      code: typeof verdict === 'string' ? undefined : verdict.code,
      inputs: verdict === 'skipped' ? {} : rule.inputs(subject),
    };
  });
}
