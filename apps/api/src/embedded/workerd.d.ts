/** The package has no types of its own: it is a CommonJS module whose `default` is the path of the runtime's program. */
declare module "workerd" {
  const workerd: { readonly default: string };
  export default workerd;
}
