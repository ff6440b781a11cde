/**
 * The parts of the master's configuration that say who comes in and what they may do: `www` (how people prove who they
 * are) and `access` (what they may then do). What nothing here allows is refused.
 */
import * as z from 'zod';
import { boundedDuration } from '../text/duration-schema.ts';

/** Everything that changes something, as rules name it. */
export const CONTROL_VERBS = [
  'stop',
  'rebuild',
  'cancel',
  'unshelve',
  'set_priority',
  'force',
  'enable_scheduler',
  'control_worker',
  'reconfigure_master',
  'stop_master',
] as const;
export type ControlVerb = (typeof CONTROL_VERBS)[number];

/** Whom a rule may name besides roles: who asked for the build, and everyone who proved who they are. */
export const BUILT_IN_ROLES = ['owner', 'users'] as const;

const roleName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,69}$/, 'expected letters, digits, "-" and "_", beginning with a letter')
  .refine(
    (name) => !(BUILT_IN_ROLES as readonly string[]).includes(name),
    'owner and users are built in: choose another name',
  );
const member = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{C}+$/u, 'must not contain control characters')
  .refine((text) => !text.startsWith('group:') || text.length > 6, 'group: which one?')
  .refine((text) => !text.startsWith('email:') || text.includes('@'), 'expected email:someone@example.org');
const globs = z.array(z.string().min(1).max(200)).min(1);

const ruleSchema = z.strictObject({
  allow: z
    .array(z.enum([...CONTROL_VERBS, '*']))
    .min(1)
    .meta({ description: `What it allows: ${CONTROL_VERBS.join(', ')}, or * for all.` }),
  to: z.array(z.string()).min(1).meta({
    description:
      'Roles, or `owner` (who asked for the build), or `users` (everyone who proved who they are). Never anybody unproven.',
  }),
  builders: globs.optional().meta({
    description:
      'Only for these; `*` stands for anything. A call that is not about builders is then not allowed.',
  }),
  projects: globs.optional().meta({
    description:
      'Only for builds of source stamps with these projects; never for `force`, which names its own.',
  }),
});

export const accessSchema = z
  .strictObject({
    read: z.enum(['anyone', 'users']).default('anyone').meta({
      description:
        'Who may read builds, logs and events over TCP: `anyone`, or only `users`, who proved who they are.',
    }),
    roles: z.record(roleName, z.array(member)).default({}).meta({
      description:
        'Members of each role: names of users, `group:NAME`, `email:GLOB`; `*` stands for anything in them.',
    }),
    rules: z.array(ruleSchema).default([]).meta({
      description: 'Who may change what. One that fits is enough; what none allows is refused.',
    }),
  })
  .prefault({});

/** A name of a header, without those that would be read as something else. */
const headerName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,69}$/, 'expected the name of a header, for example X-Remote-User')
  .refine(
    (name) => !/^(cookie|authorization|host|origin)$/i.test(name),
    'this header has a meaning of its own',
  );

/** An address, or a network as `10.0.0.0/8`. */
export const networkSchema = z.string().regex(/^[0-9a-fA-F.:]+(\/\d{1,3})?$/, {
  error: 'expected an address or a network, for example 127.0.0.1 or 10.0.0.0/8',
});

/** No page may be asked for over a wire that anybody reads, but on this machine itself. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, search, hash } = new URL(text);
  if (username !== '' || search !== '' || hash !== '') return false;
  const isHere = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isHere);
}

const oidcSchema = z.strictObject({
  name: z.string().min(1).max(40).default('OpenID').meta({ description: 'On the login button.' }),
  issuer: z
    .string()
    .refine(isSafeUrl, 'expected https://…, without query')
    .meta({ description: 'The provider; what stands below /.well-known there says the rest.' }),
  clientId: z.string().min(1).meta({ description: 'As the provider knows this master.' }),
  clientSecretFile: z.string().optional().meta({
    description: 'File with the client secret, below BASEDIR if relative. Left out for a public client.',
  }),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/))
    .default(['openid', 'profile', 'email'])
    .meta({ description: 'What is asked of the provider; `openid` always is.' }),
  userClaim: z.string().min(1).default('preferred_username').meta({
    description:
      'Claim that is the name of the user here. It must be one that users cannot choose for themselves.',
  }),
  groupsClaim: z.string().min(1).default('groups').meta({ description: 'Claim with a list of groups.' }),
});

const proxyHeaderSchema = z.strictObject({
  user: headerName.meta({ description: 'Header with the name of the user.' }),
  groups: headerName.optional().meta({ description: 'Header with groups, separated by commas.' }),
  email: headerName.optional().meta({ description: 'Header with the mail address.' }),
  from: z.array(networkSchema).min(1).meta({
    description: 'Addresses of proxies that set it, and remove it from what others send.',
  }),
});

export const wwwSchema = z
  .strictObject({
    url: z
      .string()
      .refine(isSafeUrl, 'expected https://host/ (or http://localhost:PORT/), without query')
      .transform((url) => (url.endsWith('/') ? url : `${url}/`))
      .optional()
      .meta({
        description: 'Where people reach the API and its pages; needed behind a name, and for logins.',
      }),
    ui: z.string().min(1).optional().meta({
      description: "Folder with the built files of Buildbot's web UI (4.x), below BASEDIR if relative.",
    }),
    origins: z.array(z.string().min(1)).default([]).meta({
      description: 'Origins of other web pages that may read the API; `*` stands for anything in them.',
    }),
    auth: z
      .strictObject({
        htpasswd: z.string().optional().meta({
          description: 'File of users, below BASEDIR if relative: `htpasswd -B -C 12 FILE USER`.',
        }),
        oidc: oidcSchema.optional().meta({ description: 'Logins through an OpenID Connect provider.' }),
        proxyHeader: proxyHeaderSchema.optional().meta({ description: 'Logins that a reverse proxy does.' }),
        session: boundedDuration({ from: '5m', to: '90d', why: 'less logs people out while they work' })
          .default(7 * 86_400_000)
          .meta({ description: 'How long a login in a browser holds.' }),
      })
      .prefault({}),
  })
  .prefault({});

/** Where the API listens beyond loopback, and what makes that safe. */
export const tlsSchema = z.strictObject({
  certificate: z.string().meta({ description: 'PEM file with the chain, below BASEDIR if relative.' }),
  key: z.string().meta({ description: 'PEM file with the private key, readable by its owner only.' }),
});

export type AccessConfig = z.infer<typeof accessSchema>;
export type WwwConfig = z.infer<typeof wwwSchema>;
export type OidcConfig = z.infer<typeof oidcSchema>;
export type AccessRule = z.infer<typeof ruleSchema>;
