// Type-checks the README's examples, each as a file of its own, against the published types, so
// that neither goes stale. Build first.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const dir = 'node_modules/.readme';
rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });
const examples = [...readFileSync('README.md', 'utf8').matchAll(/^```(js|tsx)\n(.*?)^```/gms)];
if (examples.length < 2) throw new Error('the README has lost its examples');
const files = examples.map(([, language, code], index) => {
  // Declarations that the example's own page would have.
  const around = language === 'js' ? 'declare function showWrongPassword(): void;\ndeclare function say(text: string): void;\n' : '';
  const file = `example-${index}.${language === 'js' ? 'ts' : 'tsx'}`;
  writeFileSync(`${dir}/${file}`, around + code);
  return file;
});
writeFileSync(
  `${dir}/tsconfig.json`,
  JSON.stringify({
    extends: '../../../tsconfig.base.json',
    compilerOptions: {
      noEmit: true,
      jsx: 'react-jsx',
      isolatedDeclarations: false,
      declaration: false,
      noUnusedLocals: false,
      paths: { '@countersign/client': ['../../dist/index.d.ts'], '@countersign/client/*': ['../../dist/*/index.d.ts'] },
    },
    files,
  }),
);
execFileSync('npx', ['tsc', '-p', dir], { stdio: 'inherit' });
