import type { Browser, Page, Response } from 'playwright-core';

/** A browser window of its own (own cookies, own storage) with Parley's GraphiQL in it. */
export class GraphiqlWindow {
  private constructor(
    readonly page: Page,
    readonly opened: Response,
    /** What the browser complained about so far: errors of the console and of scripts, refused requests. */
    readonly complaints: string[],
    /** Every address that was asked for something. */
    readonly requested: string[],
    /** Each frame that was sent over a socket. */
    readonly framesSent: string[],
  ) {}

  static async open(browser: Browser, url: string): Promise<GraphiqlWindow> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const complaints: string[] = [];
    const requested: string[] = [];
    const framesSent: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
    page.on('request', (request) => requested.push(request.url()));
    page.on('websocket', (socket) => {
      requested.push(socket.url());
      socket.on('framesent', ({ payload }) => framesSent.push(String(payload)));
    });
    const opened = await page.goto(url);
    if (!opened) throw new Error(`${url} did not answer`);
    await page.locator('.graphiql-query-editor .view-line').first().waitFor();
    return new GraphiqlWindow(page, opened, complaints, requested, framesSent);
  }

  /** What the bar says: "You are Ben, agent at Acme". */
  whoAmI() {
    return this.page.locator('#bar .sentence').textContent();
  }

  async become(handle: string) {
    await this.page.getByLabel('Who you are').selectOption(handle);
  }

  async openExample(name: string) {
    const list = this.page.getByLabel('Examples', { exact: true });
    await list.getByRole('button', { name: new RegExp(`^${name} `) }).click();
  }

  async run() {
    await this.page.getByRole('button', { name: /^Execute/ }).click();
  }

  variables() {
    return this.textOf('.graphiql-editor-tool');
  }

  response() {
    return this.textOf('.graphiql-response');
  }

  close() {
    return this.page.close();
  }

  /** An editor's text: its lines, with the spaces that it draws as no-break ones. */
  private async textOf(editor: string) {
    const lines = await this.page.locator(`${editor} .view-line`).allTextContents();
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }
}
