export interface AvatarProps {
  readonly account: string;
  readonly large?: boolean;
  readonly pulsing?: boolean;
}

/** A colour and a letter, the same for an account everywhere. */
export function Avatar({ account, large = false, pulsing = false }: AvatarProps) {
  const shade = [...account].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 5;
  const classes = ['avatar', `shade-${shade}`, large && 'large', pulsing && 'pulsing'];
  return (
    <span className={classes.filter(Boolean).join(' ')} aria-hidden="true">
      {account.charAt(0).toUpperCase()}
    </span>
  );
}
